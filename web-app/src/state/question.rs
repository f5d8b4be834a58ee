//! Something that the page does not decide by itself.

use std::rc::Rc;

/// A question with two answers; nothing changes until it is answered. One is asked at a time.
#[derive(Clone)]
pub struct Question {
    /// What is the matter.
    pub text: String,
    /// The answer that does something.
    pub yes: String,
    /// The other answer.
    pub no: String,
    /// What the first answer does.
    pub act: Rc<dyn Fn()>,
    /// What the other answer does, where it does not leave everything as it is.
    pub otherwise: Option<Rc<dyn Fn()>>,
}
