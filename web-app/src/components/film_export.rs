//! The film with its labels drawn in, recorded while it plays once through; on request with faces that nobody can recognise.

use std::cell::Cell;

use js_sys::{Array, Function, Reflect};
use leptos::prelude::*;
use page_view::comparison::stem;
use shared_model::face_box::FaceBox;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, MediaStream};

use super::overlay::{self, Scene};
use crate::browser::download::download;
use crate::browser::palette::Palette;
use crate::browser::recorder::Recorder;
use crate::browser::{error_text, hidden_player, tasks};
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{player, strings};

/// Height of a picture in which labels are drawn as large as on the stage.
const USUAL_HEIGHT: f64 = 480.0;
/// Squares along a side of what is left of a hidden face.
const SQUARES: u32 = 7;
/// How much larger than its box a face is hidden, and in how many frames before and after the one in which it was found: the detector may
/// have missed it there.
const HIDDEN_PART: f64 = 1.3;
const HIDDEN_FRAMES: usize = 5;
/// Milliseconds without a new picture after which is looked whether the film has ended.
const PATIENCE_MS: i32 = 250;

/// What is exported, and how.
#[derive(Clone, Copy)]
struct Order {
    store: Store,
    hides_faces: bool,
    /// 0 to 1 while it goes on.
    progress: RwSignal<Option<f64>>,
}

#[component]
pub fn FilmExport() -> impl IntoView {
    let store = Store::of_page();
    let progress = RwSignal::new(None::<f64>);
    let hides_faces = RwSignal::new(false);
    let is_off = Memo::new(move |_| {
        let is_film = store.source.with(|source| {
            source
                .as_ref()
                .is_some_and(|source| source.kind == SourceKind::Video && source.url.is_some())
        });
        !is_film || store.view().frame_count() < 2 || store.reads_stage()
    });
    let is_busy = move || progress.with(Option::is_some);
    let begin = move |_| {
        let order = Order {
            store,
            hides_faces: hides_faces.get_untracked(),
            progress,
        };
        progress.set(Some(0.0));
        spawn_local(async move {
            let done = record(order).await;
            progress.set(None);
            if let Err(error) = done {
                store.fail(strings::export_failed(&error_text(&error)));
            }
        });
    };
    let percent = move || progress.get().unwrap_or(0.0) * 100.0;
    view! {
        <div class="export-row film-export" role="group" aria-label=strings::FILM>
            <span class="export-purpose" aria-hidden="true">{strings::FILM}</span>
            <button type="button" class="button small" data-testid="export-film" title=strings::EXPORT_FILM_HINT
                disabled=move || is_off.get() || is_busy() on:click=begin>{strings::EXPORT_FILM}</button>
            <label class="hide-faces" title=strings::HIDE_FACES_HINT>
                <input type="checkbox" data-testid="hide-faces" disabled=is_busy prop:checked=move || hides_faces.get()
                    on:change=move |event| hides_faces.set(event_target_checked(&event))/>
                {strings::HIDE_FACES}
            </label>
        </div>
        <div class="zip-progress" class:is-off=move || !is_busy() data-testid="film-progress">
            <progress max="100" aria-label=strings::EXPORT_FILM prop:value=percent></progress>
            <span>{move || strings::percent(percent().floor())}</span>
            <button type="button" class="button small" data-testid="film-cancel"
                on:click=move |_| progress.set(None)>{strings::CANCEL}</button>
        </div>
    }
}

/// Plays the film once through and hands out what was drawn. Whoever takes the progress away ends it, and nothing is handed out.
async fn record(order: Order) -> Result<(), JsValue> {
    let store = order.store;
    let source = store.source.get_untracked();
    let Some((name, url)) = source.and_then(|source| Some((source.name.clone(), source.url?))) else {
        return Ok(());
    };
    let video = hidden_player::open(&url)
        .await
        .map_err(|error| JsValue::from_str(&error))?;
    let canvas: HtmlCanvasElement = element("canvas")?;
    let square: HtmlCanvasElement = element("canvas")?;
    square.set_width(SQUARES);
    square.set_height(SQUARES);
    canvas.set_width(video.video_width());
    canvas.set_height(video.video_height());
    let drawing = Drawing {
        order,
        video: &video,
        context: context_of(&canvas)?,
        canvas: &canvas,
        square: &square,
        palette: Palette::read(),
    };
    drawing.draw(0.0)?;
    let capture: Function = Reflect::get(&canvas, &"captureStream".into())?.dyn_into()?;
    let stream: MediaStream = capture.call0(&canvas)?.dyn_into()?;
    let recorder = Recorder::start(&stream)?;
    JsFuture::from(video.play()?).await?;
    while !video.ended() && order.progress.get_untracked().is_some() {
        let shown = Cell::new(None);
        let next = async { shown.set(Some(player::picture_shown(&video).await)) };
        tasks::first_of(next, tasks::sleep(PATIENCE_MS)).await;
        if let Some(media_s) = shown.get() {
            drawing.draw(media_s)?;
            let part = video.current_time() / video.duration().max(0.001);
            if part.is_finite() && order.progress.get_untracked().is_some() {
                order.progress.set(Some(part.min(1.0)));
            }
        }
    }
    let is_wanted = order.progress.get_untracked().is_some();
    let _ = video.pause();
    if !is_wanted {
        return Ok(());
    }
    let kind = if order.hides_faces {
        strings::FILM_HIDDEN
    } else {
        strings::FILM_LABELLED
    };
    let Some(film) = recorder.film(&format!("{} {kind}", stem(&name))).await else {
        return Err(JsValue::from_str(strings::FILM_EMPTY));
    };
    download(&film.name(), &film.type_(), &Array::of1(&film))
}

fn element<T: JsCast>(name: &str) -> Result<T, JsValue> {
    let document = web_sys::window().and_then(|window| window.document());
    let element = document.ok_or(JsValue::NULL)?.create_element(name)?;
    element.dyn_into().map_err(JsValue::from)
}

fn context_of(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    context.dyn_into().map_err(JsValue::from)
}

/// Where the film is drawn.
struct Drawing<'a> {
    order: Order,
    video: &'a HtmlVideoElement,
    canvas: &'a HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// What is left of a hidden face.
    square: &'a HtmlCanvasElement,
    palette: Palette,
}

impl Drawing<'_> {
    /// Draws the picture that is on the player, which is shown at this time of the media's clock.
    fn draw(&self, media_s: f64) -> Result<(), JsValue> {
        let (store, context) = (self.order.store, &self.context);
        let (width, height) = (f64::from(self.canvas.width()), f64::from(self.canvas.height()));
        context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)?;
        context.draw_image_with_html_video_element_and_dw_and_dh(self.video, 0.0, 0.0, width, height)?;
        let view = store.view_now();
        let time_s = media_s - store.media_start_s.get_value();
        let Some(frame) = view.frame_at(time_s.max(0.0)) else {
            return Ok(());
        };
        let opened = store.opened.get_untracked().filter(|opened| opened.width > 0);
        // Boxes are in the engine's pixels, which are the player's unless a file says otherwise.
        let picture = opened.map_or((width, height), |opened| {
            (f64::from(opened.width), f64::from(opened.height))
        });
        if self.order.hides_faces {
            self.hide_faces(frame, (width / picture.0, height / picture.1))?;
        }
        let scale = (height / USUAL_HEIGHT).max(1.0);
        context.scale(scale, scale)?;
        let scene = Scene {
            size: (width / scale, height / scale),
            picture,
            mirrored: false,
        };
        overlay::paint_frame(self.order.store, context, frame, &scene, &self.palette);
        Ok(())
    }

    /// Every face that was found in the frame or near it, also of people who are left out.
    fn hide_faces(&self, frame: usize, (across, down): (f64, f64)) -> Result<(), JsValue> {
        let faces: Vec<FaceBox> = self.order.store.analysis.with_value(|analysis| {
            let frames = analysis.timeline.frames();
            let near = frame.saturating_sub(HIDDEN_FRAMES)..(frame + HIDDEN_FRAMES + 1).min(frames.len());
            let near = frames.get(near).unwrap_or_default();
            near.iter()
                .flat_map(|seen| &seen.faces)
                .map(|face| face.face_box)
                .collect()
        });
        let small = context_of(self.square)?;
        let side = f64::from(SQUARES);
        for face in faces {
            let (w, h) = (f64::from(face.w) * HIDDEN_PART, f64::from(face.h) * HIDDEN_PART);
            let (x, y) = (
                (f64::from(face.x) - (w - f64::from(face.w)) / 2.0) * across,
                (f64::from(face.y) - (h - f64::from(face.h)) / 2.0) * down,
            );
            let (w, h) = (w * across, h * down);
            small.clear_rect(0.0, 0.0, side, side);
            small.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                self.canvas,
                x,
                y,
                w,
                h,
                0.0,
                0.0,
                side,
                side,
            )?;
            self.context.set_image_smoothing_enabled(false);
            self.context
                .draw_image_with_html_canvas_element_and_dw_and_dh(self.square, x, y, w, h)?;
            self.context.set_image_smoothing_enabled(true);
        }
        Ok(())
    }
}
