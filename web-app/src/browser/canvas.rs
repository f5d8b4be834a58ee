//! A canvas at the screen's own resolution.

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The context of a canvas that is made `width` x `height` CSS pixels large, cleared, in CSS pixels.
#[must_use]
pub fn prepared(canvas: &HtmlCanvasElement, width: f64, height: f64) -> Option<CanvasRenderingContext2d> {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    let (columns, lines) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
    if columns == 0 || lines == 0 {
        return None;
    }
    // Setting a size clears the canvas and costs memory traffic: only when it changes.
    if canvas.width() != columns || canvas.height() != lines {
        canvas.set_width(columns);
        canvas.set_height(lines);
    }
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, width, height);
    Some(context)
}
