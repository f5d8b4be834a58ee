//! How often the network was asked since the page has loaded: the proof in sight that nothing leaves.
//!
//! The service worker says so of all requests that it does not answer itself, those of workers included. Before it is in charge, in a first
//! visit, the page counts its own.

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    MessageEvent, PerformanceObserver, PerformanceObserverEntryList, PerformanceObserverInit,
    ServiceWorkerContainer,
};

/// What is counted. Cheap to copy: it holds handles.
#[derive(Clone, Copy)]
pub struct NetworkCount {
    /// How often the network was asked; `None` until the counting begins.
    pub requests: RwSignal<Option<usize>>,
    /// Whether the page is kept for use without a network.
    pub works_offline: RwSignal<bool>,
}

/// Counts from now on, for as long as the page lives; `container` is where the browser's service workers are.
pub fn begin(count: NetworkCount, container: Option<&ServiceWorkerContainer>) {
    count.requests.set(Some(0));
    let is_in_charge = |container: &ServiceWorkerContainer| container.controller().is_some();
    if let Some(container) = container {
        count.works_offline.set(is_in_charge(container));
        let controlled = container.clone();
        on_event(container, "controllerchange", move |_| {
            count.works_offline.set(is_in_charge(&controlled));
        });
        on_event(container, "message", move |event| {
            let data = event
                .dyn_into::<MessageEvent>()
                .map(|event| event.data())
                .map_err(JsValue::from);
            let asked = data.and_then(|data| js_sys::Reflect::get(&data, &JsValue::from_str("asked")));
            if asked.is_ok_and(|asked| asked.as_f64().is_some()) {
                add(count, 1);
            }
        });
    }
    let own = Closure::<dyn FnMut(PerformanceObserverEntryList)>::new(
        move |entries: PerformanceObserverEntryList| {
            if count.works_offline.get_untracked() {
                return;
            }
            let names = entries.get_entries().into_iter().map(|entry| {
                js_sys::Reflect::get(&entry, &JsValue::from_str("name"))
                    .ok()
                    .and_then(|name| name.as_string())
                    .unwrap_or_default()
            });
            // What is made here (blob:, data:) asks nobody.
            add(count, names.filter(|name| name.starts_with("http")).count());
        },
    );
    let Ok(observer) = PerformanceObserver::new(own.as_ref().unchecked_ref()) else {
        return;
    };
    own.forget();
    let kinds = js_sys::Array::of1(&JsValue::from_str("resource"));
    observer.observe(&PerformanceObserverInit::new(&kinds));
}

fn add(count: NetworkCount, more: usize) {
    if more > 0 {
        count
            .requests
            .update(|requests| *requests = Some(requests.unwrap_or(0).saturating_add(more)));
    }
}

fn on_event(container: &ServiceWorkerContainer, name: &str, act: impl FnMut(web_sys::Event) + 'static) {
    let listener = Closure::<dyn FnMut(web_sys::Event)>::new(act);
    let _ = container.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}
