//! Waiting without holding up the page.

use js_sys::Promise;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget, MessageChannel};

/// Lets the browser do what waits, then goes on. Not slowed down in pages out of sight, as timers are.
pub async fn next_task() {
    let Ok(channel) = MessageChannel::new() else {
        sleep(0).await;
        return;
    };
    let promise = Promise::new(&mut |resolve, _| {
        let port = channel.port1();
        port.set_onmessage(Some(&resolve));
        if channel.port2().post_message(&JsValue::NULL).is_err() {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    let _ = JsFuture::from(promise).await;
    channel.port1().close();
}

/// Waits for some milliseconds.
pub async fn sleep(milliseconds: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        let timer = web_sys::window().map(|window| {
            window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds)
        });
        if !matches!(timer, Some(Ok(_))) {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    let _ = JsFuture::from(promise).await;
}

/// Waits until the page as it is now has been painted.
pub async fn painted() {
    let promise = Promise::new(&mut |resolve, _| {
        let asked = web_sys::window().map(|window| {
            let callback = Closure::once_into_js(move || {
                let _ = resolve.call0(&JsValue::NULL);
            });
            window.request_animation_frame(callback.as_ref().unchecked_ref())
        });
        // A page out of sight gets no animation frames, but one without a window gets nothing at all.
        drop(asked);
    });
    // The timer is for pages that are opened in the background.
    let timeout = sleep(400);
    first_of(JsFuture::from(promise), timeout).await;
    next_task().await;
}

/// Waits for the first of two things; the other is given up.
pub async fn first_of(first: impl Future, second: impl Future) {
    let mut first = std::pin::pin!(first);
    let mut second = std::pin::pin!(second);
    std::future::poll_fn(|context| {
        if first.as_mut().poll(context).is_ready() || second.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
}

/// Waits for the first of some events.
pub async fn event(target: &EventTarget, names: &[&str]) -> Option<Event> {
    let mut listener = None;
    let promise = Promise::new(&mut |resolve, _| {
        for name in names {
            let _ = target.add_event_listener_with_callback(name, &resolve);
        }
        listener = Some(resolve);
    });
    let event = JsFuture::from(promise).await;
    if let Some(listener) = listener {
        for name in names {
            let _ = target.remove_event_listener_with_callback(name, &listener);
        }
    }
    event.ok()?.dyn_into().ok()
}
