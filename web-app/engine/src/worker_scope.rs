//! What every worker needs of its surroundings: messages in and out, the clock, readable errors.

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use js_sys::{Array, Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, VideoFrame};

/// This worker's global object.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds since the worker began.
pub fn now_ms() -> f64 {
    scope().performance().map_or(0.0, |clock| clock.now())
}

/// The person's line of a JavaScript error: its message, or whatever it says of itself.
pub fn error_text(error: &JsValue) -> String {
    if let Some(error) = error.dyn_ref::<js_sys::Error>() {
        return String::from(error.message());
    }
    Reflect::get(error, &"message".into())
        .ok()
        .and_then(|message| message.as_string())
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}

/// What a worker's error event says; nothing where its script could not be loaded at all.
pub fn event_text(event: &JsValue) -> Option<String> {
    let message = Reflect::get(event, &"message".into()).ok()?.as_string()?;
    (!message.is_empty()).then_some(message)
}

/// The crossing form `{ message, attachment }`.
pub fn pack(message: &impl Serialize, attachment: &JsValue) -> Result<JsValue, String> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    let message = message
        .serialize(&serializer)
        .map_err(|error| error.to_string())?;
    let packed = Object::new();
    let set = |key: &str, value: &JsValue| {
        Reflect::set(&packed, &key.into(), value).map_err(|error| error_text(&error))
    };
    set("message", &message)?;
    set("attachment", attachment)?;
    Ok(packed.into())
}

/// Takes the crossing form apart.
pub fn unpack<T: DeserializeOwned>(packed: &JsValue) -> Result<(T, JsValue), String> {
    let get = |key: &str| Reflect::get(packed, &key.into()).map_err(|error| error_text(&error));
    let message = serde_wasm_bindgen::from_value(get("message")?).map_err(|error| error.to_string())?;
    Ok((message, get("attachment")?))
}

/// Sends a message to whoever started this worker.
pub fn post(message: &impl Serialize, attachment: &JsValue) {
    match pack(message, attachment) {
        Ok(packed) => {
            if let Err(error) = scope().post_message(&packed) {
                web_sys::console::error_1(&error);
            }
        }
        Err(reason) => web_sys::console::error_1(&format!("a message could not be sent: {reason}").into()),
    }
}

/// Sends a message with a frame, which then belongs to whoever started this worker.
pub fn give(message: &impl Serialize, frame: VideoFrame) {
    let given = pack(message, &frame).and_then(|packed| {
        let given = scope().post_message_with_transfer(&packed, &Array::of1(&frame));
        given.map_err(|error| error_text(&error))
    });
    if let Err(reason) = given {
        frame.close();
        web_sys::console::error_1(&format!("a frame could not be sent: {reason}").into());
    }
}

/// All messages to this worker, the early ones first.
pub fn messages(early: &Array) -> UnboundedReceiver<JsValue> {
    let (sender, receiver) = unbounded();
    for message in early.iter() {
        // The receiver is alive: it is returned below.
        drop(sender.unbounded_send(message));
    }
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        drop(sender.unbounded_send(event.data()));
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It lives as long as the worker does.
    listener.into_js_value();
    receiver
}

/// Says a panic's text through `say` before the wasm stops; the console gets it with its place.
pub fn on_panic(say: impl Fn(String) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        console_error_panic_hook::hook(info);
        let text = info
            .payload()
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| info.payload().downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "internal error".to_owned());
        say(text);
    }));
}
