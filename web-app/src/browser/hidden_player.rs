//! A player out of sight, beside the one on the stage.

use wasm_bindgen::JsCast;
use web_sys::HtmlVideoElement;

use super::tasks;

/// Opens a film, without its sound, and waits for its first picture.
///
/// # Errors
/// What the player says, and where the film has no picture.
pub async fn open(url: &str) -> Result<HtmlVideoElement, String> {
    let video: HtmlVideoElement = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.create_element("video").ok())
        .and_then(|element| element.dyn_into().ok())
        .ok_or("no player")?;
    video.set_muted(true);
    video.set_preload("auto");
    video.set_src(url);
    let event = tasks::event(&video, &["loadeddata", "error"]).await;
    if event.is_none_or(|event| event.type_() == "error") {
        return Err(media_error(&video));
    }
    if video.video_width() == 0 {
        return Err("it has no picture".to_owned());
    }
    Ok(video)
}

/// Why a player cannot show its file.
fn media_error(video: &HtmlVideoElement) -> String {
    let Some(error) = video.error() else {
        return "no reason given".to_owned();
    };
    let message = error.message();
    if !message.is_empty() {
        return message;
    }
    match error.code() {
        1 => "it was stopped",
        2 => "it cannot be read",
        3 => "it cannot be decoded",
        _ => "its format is not supported",
    }
    .to_owned()
}
