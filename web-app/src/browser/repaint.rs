//! Drawing at most once a frame.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Calls a drawing function in the next animation frame, however often it is asked.
#[derive(Clone)]
pub struct Repaint(Rc<Inner>);

struct Inner {
    pending: Cell<bool>,
    callback: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Repaint {
    /// With the function that draws.
    pub fn new(mut draw: impl FnMut() + 'static) -> Self {
        let inner = Rc::new(Inner {
            pending: Cell::new(false),
            callback: RefCell::new(None),
        });
        let weak = Rc::downgrade(&inner);
        let callback = Closure::new(move || {
            if let Some(inner) = weak.upgrade() {
                inner.pending.set(false);
            }
            draw();
        });
        inner.callback.replace(Some(callback));
        Self(inner)
    }

    /// Asks for a drawing.
    pub fn request(&self) {
        if self.0.pending.replace(true) {
            return;
        }
        let callback = self.0.callback.borrow();
        let asked = web_sys::window()
            .zip(callback.as_ref())
            .and_then(|(window, callback)| {
                window
                    .request_animation_frame(callback.as_ref().unchecked_ref())
                    .ok()
            });
        if asked.is_none() {
            self.0.pending.set(false);
        }
    }
}
