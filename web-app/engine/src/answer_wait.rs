//! Waits that have an end.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};
use js_sys::Promise;
use page_view::answer_limit::Patience;
use wasm_bindgen_futures::JsFuture;

use crate::worker_scope::{now_ms, scope};

/// Waits for `work`, `limit_s` seconds at most: gives its value and the seconds that it took, or `None` at the limit.
/// `work` is dropped then.
pub async fn within<T>(limit_s: f64, work: impl Future<Output = T>) -> Option<(T, f64)> {
    let mut work = pin!(work);
    let mut patience = Patience::new(limit_s);
    loop {
        let began_ms = now_ms();
        let done = match select(work.as_mut(), pin!(tick())).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        };
        patience.pass((now_ms() - began_ms) / 1e3);
        if let Some(value) = done {
            return Some((value, patience.waited_s()));
        }
        if patience.is_over() {
            return None;
        }
    }
}

async fn tick() {
    sleep((Patience::TICK_S * 1e3) as i32).await;
}

/// Lets the browser do what waits: messages are heard meanwhile.
pub async fn next_task() {
    sleep(0).await;
}

async fn sleep(milliseconds: i32) {
    let ticking = Promise::new(&mut |resolve, _| {
        // It fails for texts that the policy forbids to run, never for a function.
        drop(scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds));
    });
    // It cannot be refused: nobody holds the other function.
    drop(JsFuture::from(ticking).await);
}
