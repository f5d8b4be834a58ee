//! Something that the page does not decide by itself.

use std::rc::Rc;

use super::store::Store;

/// A question with two answers; nothing changes until it is answered.
#[derive(Clone)]
pub struct Question {
    /// What is the matter.
    pub text: String,
    /// The answer that does something.
    pub yes: String,
    /// The answer that leaves everything as it is.
    pub no: String,
    /// What the first answer does.
    pub act: Rc<dyn Fn(Store)>,
}
