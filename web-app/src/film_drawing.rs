//! Where a film is drawn with its labels, and on request with faces that nobody can recognise.

use std::rc::Rc;

use leptos::prelude::*;
use shared_model::face_box::FaceBox;
use shared_model::orientation::Orientation;
use shared_model::timeline::TrackedFace;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, HtmlVideoElement, VideoFrame};

use crate::browser::palette::Palette;
use crate::overlay::{Labels, Scene};
use crate::state::store::Store;
use page_view::hidden_faces::HiddenFaces;

/// Height of a picture in which labels are drawn as large as on the stage.
const USUAL_HEIGHT: f64 = 480.0;
/// Seconds by which the time of a frame may differ.
const SAME_TIME_S: f64 = 0.01;
/// Squares along a side of what is left of a hidden face.
const SQUARES: u32 = 7;
/// How much larger than its box a face is hidden, and in how many frames before and after the one in which it was found: the detector may
/// have missed it there.
const HIDDEN_PART: f64 = 1.3;
const HIDDEN_FRAMES: usize = 5;

/// A frame as it is coded. Its picture is closed with it: decoders have few.
pub struct CodedFrame {
    /// The picture.
    pub picture: VideoFrame,
    /// Frame number from 0.
    pub number: usize,
    /// Time in seconds, 0 at the first frame.
    pub time_s: f64,
    /// How it is to be turned.
    pub orientation: Orientation,
    /// Width and height in pixels as it is shown.
    pub size: (u32, u32),
}

impl Drop for CodedFrame {
    fn drop(&mut self) {
        self.picture.close();
    }
}

/// What is drawn on.
pub struct Drawing {
    store: Store,
    labels: Rc<Labels>,
    hidden: Option<HiddenFaces>,
    /// What is drawn on.
    pub canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// What is left of a hidden face.
    square: HtmlCanvasElement,
    palette: Palette,
}

impl Drawing {
    /// A drawing of this size in pixels, with these labels.
    ///
    /// # Errors
    /// Where the browser gives no canvas.
    pub fn new(
        store: Store,
        labels: &Rc<Labels>,
        hidden: Option<HiddenFaces>,
        (width, height): (u32, u32),
    ) -> Result<Self, JsValue> {
        let canvas = canvas_of(width, height)?;
        Ok(Self {
            store,
            labels: Rc::clone(labels),
            hidden,
            context: context_of(&canvas)?,
            canvas,
            square: canvas_of(SQUARES, SQUARES)?,
            palette: Palette::read(),
        })
    }

    /// Draws the picture that is on a player, which is shown at this time of the media's clock.
    ///
    /// # Errors
    /// What the browser says.
    pub fn draw_shown(&self, video: &HtmlVideoElement, media_s: f64) -> Result<(), JsValue> {
        let (width, height) = self.size();
        self.context.reset_transform()?;
        self.context
            .draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, width, height)?;
        let time_s = media_s - self.store.stage.media_start_s.get_untracked();
        self.label_at(None, time_s)
    }

    /// Draws a picture that is no film.
    ///
    /// # Errors
    /// What the browser says.
    pub fn draw_still(&self, image: &HtmlImageElement) -> Result<(), JsValue> {
        let (width, height) = self.size();
        self.context.reset_transform()?;
        self.context
            .draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width, height)?;
        self.label_at(Some(0), 0.0)
    }

    /// Draws a frame that the engine decoded.
    ///
    /// # Errors
    /// What the browser says.
    pub fn draw_coded(&self, frame: &CodedFrame) -> Result<(), JsValue> {
        let (width, height) = self.size();
        let [a, b, c, d, e, f] = frame.orientation.unit_matrix();
        self.context.set_transform(
            a * width,
            b * height,
            c * width,
            d * height,
            e * width,
            f * height,
        )?;
        self.context
            .draw_image_with_video_frame_and_dw_and_dh(&frame.picture, 0.0, 0.0, 1.0, 1.0)?;
        self.label_at(Some(frame.number), frame.time_s)
    }

    /// Draws what is known of this time, of the frame with this number where it stands there. Where nothing is known and faces are to be
    /// hidden, nothing is seen.
    fn label_at(&self, number: Option<usize>, time_s: f64) -> Result<(), JsValue> {
        let view = &self.labels.view;
        let stands_there = |frame: &usize| (view.span_of(*frame).0 - time_s).abs() < SAME_TIME_S;
        let is_known = time_s <= view.end_s() + SAME_TIME_S;
        let frame = number
            .filter(|frame| *frame < view.frame_count() && stands_there(frame))
            .or_else(|| view.frame_at(time_s.max(0.0)))
            .filter(|_| is_known);
        match frame {
            Some(frame) if self.hidden.is_none() || self.has_boxes(frame) => self.label(frame),
            _ if self.hidden.is_some() => self.hide_all(),
            _ => Ok(()),
        }
    }

    /// Whether it is known where the frame's faces are: tables made elsewhere may not say it.
    fn has_boxes(&self, frame: usize) -> bool {
        self.store.with_stage(|reading| {
            let seen = reading.timeline.frames().get(frame);
            let mut faces = seen.into_iter().flat_map(|seen| &seen.faces);
            faces.all(|face| face.face_box.w > 0.0 && face.face_box.h > 0.0)
        })
    }

    fn hide_all(&self) -> Result<(), JsValue> {
        let (width, height) = self.size();
        self.context.reset_transform()?;
        self.context.set_fill_style_str("#000000");
        self.context.fill_rect(0.0, 0.0, width, height);
        Ok(())
    }

    fn size(&self) -> (f64, f64) {
        (f64::from(self.canvas.width()), f64::from(self.canvas.height()))
    }

    /// Draws what is known of the frame over its picture.
    fn label(&self, frame: usize) -> Result<(), JsValue> {
        let (store, context) = (self.store, &self.context);
        let (width, height) = self.size();
        context.reset_transform()?;
        let opened = store
            .stage
            .opened
            .get_untracked()
            .filter(|opened| opened.width > 0);
        // Boxes are in the engine's pixels, which are the player's unless a file says otherwise.
        let picture = opened.map_or((width, height), |opened| {
            (f64::from(opened.width), f64::from(opened.height))
        });
        if let Some(hidden) = self.hidden {
            self.hide_faces(hidden, frame, (width / picture.0, height / picture.1))?;
        }
        let scale = (height / USUAL_HEIGHT).max(1.0);
        context.scale(scale, scale)?;
        let scene = Scene {
            size: (width / scale, height / scale),
            picture,
            mirrored: false,
        };
        self.labels.paint_frame(context, frame, &scene, &self.palette);
        Ok(())
    }

    /// Every face that is to be hidden and was found in the frame or near it, also of people who are left out.
    fn hide_faces(
        &self,
        hidden: HiddenFaces,
        frame: usize,
        (across, down): (f64, f64),
    ) -> Result<(), JsValue> {
        let is_hidden = |number: usize, face: &TrackedFace| {
            hidden.hides(self.labels.people.person_of(face.track, number))
        };
        let faces: Vec<FaceBox> = self.store.with_stage(|reading| {
            let frames = reading.timeline.frames();
            let first = frame.saturating_sub(HIDDEN_FRAMES);
            let near = frames.get(first..(frame + HIDDEN_FRAMES + 1).min(frames.len()));
            let near = (first..).zip(near.unwrap_or_default());
            near.flat_map(|(number, seen)| seen.faces.iter().map(move |face| (number, face)))
                .filter(|(number, face)| is_hidden(*number, face))
                .map(|(_, face)| face.face_box)
                .collect()
        });
        let small = context_of(&self.square)?;
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
                &self.canvas,
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
                .draw_image_with_html_canvas_element_and_dw_and_dh(&self.square, x, y, w, h)?;
            self.context.set_image_smoothing_enabled(true);
        }
        Ok(())
    }
}

fn canvas_of(width: u32, height: u32) -> Result<HtmlCanvasElement, JsValue> {
    let document = web_sys::window().and_then(|window| window.document());
    let canvas = document.ok_or(JsValue::NULL)?.create_element("canvas")?;
    let canvas: HtmlCanvasElement = canvas.dyn_into()?;
    canvas.set_width(width);
    canvas.set_height(height);
    Ok(canvas)
}

fn context_of(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    context.dyn_into().map_err(JsValue::from)
}
