//! The way to the engine's worker.

use js_sys::{Array, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_messages::{FromEngine, ToEngine};
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::browser::error_text;
use crate::strings;

const WORKER: &str = "engine-worker.js";

/// What comes from the worker.
pub enum Heard {
    /// An answer, and what came with it.
    Message(FromEngine, JsValue),
    /// The worker itself has stopped or speaks nonsense: why.
    Broken(String),
}

/// A running worker.
pub struct EngineLink {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl EngineLink {
    /// Starts the worker; `hear` gets all it says.
    ///
    /// # Errors
    /// When the browser has no module workers.
    pub fn start(hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(WORKER, &options)?;
        let on_message = {
            let hear = hear.clone();
            Closure::new(move |event: MessageEvent| hear(read(&event.data())))
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_error = Closure::new(move |event: Event| {
            // A script that cannot be loaded gives an event without a message.
            let message = Reflect::get(&event, &"message".into()).ok();
            let message = message.and_then(|message| message.as_string());
            hear(Heard::Broken(match message.filter(|text| !text.is_empty()) {
                Some(message) => format!("{} ({message})", strings::ENGINE_LOST),
                None => strings::ENGINE_NOT_LOADED.to_owned(),
            }));
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Sends a message without an attachment, or with a `File`, which the browser clones.
    ///
    /// # Errors
    /// What the browser says.
    pub fn send(&self, message: &ToEngine, attachment: Option<&JsValue>) -> Result<(), JsValue> {
        self.worker.post_message(&envelope(message, attachment)?)
    }

    /// Sends a picture, which then belongs to the engine.
    ///
    /// # Errors
    /// What the browser says.
    pub fn send_picture(&self, message: &ToEngine, picture: &JsValue) -> Result<(), JsValue> {
        self.worker
            .post_message_with_transfer(&envelope(message, Some(picture))?, &Array::of1(picture))
    }
}

impl Drop for EngineLink {
    fn drop(&mut self) {
        // What is still on its way belongs to the past.
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn envelope(message: &ToEngine, attachment: Option<&JsValue>) -> Result<JsValue, JsValue> {
    let message = message
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|error| JsValue::from_str(&error.to_string()))?;
    let envelope = Object::new();
    Reflect::set(&envelope, &"message".into(), &message)?;
    Reflect::set(
        &envelope,
        &"attachment".into(),
        attachment.unwrap_or(&JsValue::UNDEFINED),
    )?;
    Ok(envelope.into())
}

fn read(data: &JsValue) -> Heard {
    let read = Reflect::get(data, &"message".into())
        .map_err(|error| error_text(&error))
        .and_then(|message| serde_wasm_bindgen::from_value(message).map_err(|error| error.to_string()));
    match read {
        Ok(message) => {
            let attachment = Reflect::get(data, &"attachment".into()).unwrap_or(JsValue::NULL);
            Heard::Message(message, attachment)
        }
        Err(cause) => Heard::Broken(strings::unexpected_message(&cause)),
    }
}
