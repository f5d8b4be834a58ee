//! The size of an element, followed, and of the window.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

/// Calls `changed` with width and height in CSS pixels now and whenever they change, for as long as the page lives.
pub fn follow_size(element: &Element, changed: impl Fn(f64, f64) + 'static) {
    let watched = element.clone();
    let callback = Closure::<dyn FnMut()>::new(move || {
        changed(
            f64::from(watched.client_width()),
            f64::from(watched.client_height()),
        );
    });
    if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
        observer.observe(element);
    }
    callback.forget();
}

/// Height of the window's inside in CSS pixels, 0 where that is not known.
#[must_use]
pub fn window_height() -> f64 {
    let height = web_sys::window().and_then(|window| window.inner_height().ok());
    height.and_then(|height| height.as_f64()).unwrap_or(0.0)
}
