//! Storing the page for use without a network, and taking new versions as a whole.

use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use crate::browser::{error_text, tasks};
use crate::state::notice::{Offer, Tone};
use crate::state::store::Store;
use crate::strings;

const SCRIPT: &str = "service-worker.js";
/// What the waiting worker is told to take over.
const TAKE_OVER: &str = "take-over";

/// Registers the service worker; that it cannot be is worth a notice and no more.
pub async fn register(store: Store) -> Option<ServiceWorkerRegistration> {
    let container = container()?;
    let registered: Result<ServiceWorkerRegistration, JsValue> =
        match JsFuture::from(container.register(SCRIPT)).await {
            Ok(registration) => registration.dyn_into(),
            Err(error) => Err(error),
        };
    let registration = match registered {
        Ok(registration) => registration,
        Err(error) => {
            store.notify(Tone::Info, strings::offline_off(&error_text(&error)), None);
            return None;
        }
    };
    if registration.waiting().is_some() && container.controller().is_some() {
        store.notify(Tone::Info, strings::UPDATE_READY, Some(Offer::Update));
    }
    if let Some(worker) = registration.installing() {
        spawn_local(follow(store, worker));
    }
    let updates = registration.clone();
    let on_update = Closure::<dyn FnMut()>::new(move || {
        if let Some(worker) = updates.installing() {
            spawn_local(follow(store, worker));
        }
    });
    registration.set_onupdatefound(Some(on_update.as_ref().unchecked_ref()));
    on_update.forget();
    Some(registration)
}

/// `None` where the browser has none: insecure pages, some private windows.
#[must_use]
pub fn container() -> Option<ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    let container = js_sys::Reflect::get(&navigator, &JsValue::from_str("serviceWorker")).ok()?;
    container.dyn_into().ok()
}

async fn follow(store: Store, worker: ServiceWorker) {
    let is_first = container().is_none_or(|container| container.controller().is_none());
    loop {
        match worker.state() {
            ServiceWorkerState::Redundant => {
                store.notify(Tone::Info, strings::offline_off(strings::OFFLINE_PART), None);
                return;
            }
            ServiceWorkerState::Installed if !is_first => {
                store.notify(Tone::Info, strings::UPDATE_READY, Some(Offer::Update));
                return;
            }
            ServiceWorkerState::Activated => return,
            _ => {}
        }
        tasks::event(&worker, &["statechange"]).await;
    }
}

/// Keeps a file of the page that is kept on use, for visits without a network; `name` is its address relative to the page.
pub fn keep(name: String) {
    spawn_local(async move {
        let Some(container) = container() else { return };
        let Ok(ready) = container.ready() else { return };
        let Ok(registration) = JsFuture::from(ready).await else {
            return;
        };
        let active = registration
            .dyn_into::<ServiceWorkerRegistration>()
            .ok()
            .and_then(|registration| registration.active());
        let message = js_sys::Object::new();
        let is_set = js_sys::Reflect::set(&message, &JsValue::from_str("keep"), &JsValue::from_str(&name));
        if let (Some(active), Ok(true)) = (active, is_set) {
            // Without it the file is loaded again next time.
            let _ = active.post_message(&message);
        }
    });
}

/// Lets the new version take over and loads it.
pub fn update() {
    spawn_local(async move {
        let Some(container) = container() else { return };
        let Ok(registration) = JsFuture::from(container.get_registration()).await else {
            return;
        };
        let waiting = registration
            .dyn_into::<ServiceWorkerRegistration>()
            .ok()
            .and_then(|registration| registration.waiting());
        if let Some(waiting) = waiting
            && waiting.post_message(&JsValue::from_str(TAKE_OVER)).is_ok()
        {
            tasks::event(&container, &["controllerchange"]).await;
        }
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
}
