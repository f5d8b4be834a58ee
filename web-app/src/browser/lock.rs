//! Locks between tabs: who holds one is alone with what it stands for.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A lock that is held until this is dropped, or the tab goes.
pub struct Lock {
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// Takes a lock; waits for it if `waits`. `None` where another tab has it. Browsers that have
/// no locks, or deny them, give it at once.
pub async fn take(name: &str, waits: bool) -> Option<Lock> {
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let release = release?;
    let manager = web_sys::window()
        .and_then(|window| Reflect::get(&window.navigator(), &"locks".into()).ok())
        .filter(JsValue::is_object);
    let Some(manager) = manager else {
        return Some(Lock { release });
    };
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &JsValue::from_bool(!waits));
    let granted = Promise::new(&mut |answer, _| {
        let held = held.clone();
        let without_locks = answer.clone();
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let is_mine = !lock.is_null();
            let _ = answer.call1(&JsValue::NULL, &JsValue::from_bool(is_mine));
            // The lock is held for as long as this promise is open.
            if is_mine { held.into() } else { JsValue::UNDEFINED }
        });
        let request = Reflect::get(&manager, &"request".into())
            .ok()
            .and_then(|request| request.dyn_into::<Function>().ok());
        if let Some(request) = request
            && let Ok(asked) = request.call3(&manager, &name.into(), &options, &callback)
        {
            wasm_bindgen_futures::spawn_local(async move {
                // Where storage is denied so are locks, and there is nothing to be alone with. Once a lock was given this says nothing new.
                if JsFuture::from(Promise::from(asked)).await.is_err() {
                    let _ = without_locks.call1(&JsValue::NULL, &JsValue::TRUE);
                }
            });
        } else {
            let _ = without_locks.call1(&JsValue::NULL, &JsValue::TRUE);
        }
    });
    let granted = JsFuture::from(granted).await.ok()?.as_bool()?;
    granted.then_some(Lock { release })
}
