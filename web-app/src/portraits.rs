//! Small pictures of a video's people, taken from the file by a player of their own.

use std::sync::Arc;

use leptos::prelude::*;
use page_view::cast::Portrait;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

use crate::browser::{hidden_player, tasks};
use crate::state::source::SourceKind;
use crate::state::store::Store;

/// Edge of a picture in pixels of the canvas; twice that of the page, for sharp screens.
pub const EDGE: u32 = 72;
/// Part of the face's box that is shown around it on each side.
const MARGIN: f64 = 0.15;

/// One person's strip of pictures.
#[derive(Clone)]
pub struct Strip {
    /// Where they are drawn.
    pub canvas: HtmlCanvasElement,
    /// What is drawn, from left to right.
    pub faces: Arc<Vec<Portrait>>,
}

/// Draws all strips, one picture after the other; stops as soon as `goes_on` says no.
pub fn draw(store: Store, strips: Vec<Strip>, goes_on: impl Fn() -> bool + 'static) {
    let source = store.stage.source.get_untracked();
    let url = source
        .filter(|source| source.kind == SourceKind::Video)
        .and_then(|source| source.url);
    let Some(url) = url else { return };
    let width = store
        .stage
        .opened
        .with_untracked(|opened| opened.map_or(0, |opened| opened.width));
    spawn_local(async move {
        // Without the film there are no pictures: the stage says why.
        let Ok(video) = hidden_player::open(&url).await else {
            return;
        };
        for strip in &strips {
            for (place, face) in strip.faces.iter().enumerate() {
                if !goes_on() || video.error().is_some() {
                    return;
                }
                let at_s = store.view_now().middle_of(face.frame) + store.stage.media_start_s.get_untracked();
                video.set_current_time(at_s);
                tasks::event(&video, &["seeked", "error"]).await;
                draw_one(&strip.canvas, &video, place, face, f64::from(width));
            }
        }
        let _ = video.remove_attribute("src");
        video.load();
    });
}

fn draw_one(canvas: &HtmlCanvasElement, video: &HtmlVideoElement, place: usize, face: &Portrait, width: f64) {
    let context = canvas.get_context("2d").ok().flatten();
    let context = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
    let Some(context) = context else { return };
    // Boxes are in the engine's pixels, which are the player's unless a file says otherwise.
    let scale = if width > 0.0 {
        f64::from(video.video_width()) / width
    } else {
        1.0
    };
    let (x, y, w, h) = (
        f64::from(face.face_box.x),
        f64::from(face.face_box.y),
        f64::from(face.face_box.w),
        f64::from(face.face_box.h),
    );
    let side = w.max(h) * (1.0 + 2.0 * MARGIN);
    let (left, top) = (x + (w - side) / 2.0, y + (h - side) / 2.0);
    let edge = f64::from(EDGE);
    let drawn = context.draw_image_with_html_video_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
        video,
        left * scale,
        top * scale,
        side * scale,
        side * scale,
        place as f64 * edge,
        0.0,
        edge,
        edge,
    );
    // A picture that the browser cannot give stays empty.
    drop(drawn);
}
