//! A job of the engine whose answers are nobody's but the caller's.

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use wasm_bindgen::JsValue;
use web_messages::{FromEngine, JobId};

/// An answer, and what came with it.
pub type News = (FromEngine, JsValue);

/// A job under way, and who waits for its answers.
#[derive(Debug, Clone)]
pub struct EngineOrder {
    /// Number, counted with those of the jobs.
    pub id: JobId,
    news: UnboundedSender<News>,
}

impl EngineOrder {
    /// An order, and where its answers come out.
    #[must_use]
    pub fn new(id: JobId) -> (Self, UnboundedReceiver<News>) {
        let (news, answers) = unbounded();
        (Self { id, news }, answers)
    }

    /// Takes a message that is about this order; whether it was.
    #[must_use]
    pub fn hear(&self, message: &FromEngine, attachment: &JsValue) -> bool {
        let is_mine = message.job() == Some(self.id);
        if is_mine {
            // Whoever gave the order may have given it up.
            drop(self.news.unbounded_send((message.clone(), attachment.clone())));
        }
        is_mine
    }
}
