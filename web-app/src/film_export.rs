//! The film with its labels drawn in, as a file. The engine hands out its frames, each of which is drawn on and encoded here; where it cannot
//! read them, the film is recorded while the browser's player plays it once through.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt as _;
use js_sys::{Array, Function, Reflect};
use leptos::prelude::*;
use page_view::comparison::stem;
use page_view::film_file::Sound;
use page_view::hidden_faces::HiddenFaces;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_messages::{FromEngine, ToEngine};
use web_sys::{File, HtmlImageElement, MediaStream, VideoFrame};

use crate::browser::download::download;
use crate::browser::film_encoder::{FilmEncoder, format_of};
use crate::browser::recorder::Recorder;
use crate::browser::{error_text, hidden_player, png, sound_encoder, tasks};
use crate::film_drawing::{CodedFrame, Drawing};
use crate::overlay::Labels;
use crate::state::engine_order::{EngineOrder, News};
use crate::state::notice::Tone;
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{player, relabel, sound, strings};

/// Milliseconds without a new picture after which is looked whether the film has ended.
const PATIENCE_MS: i32 = 250;
/// Pictures per second of a film whose length is not known.
const USUAL_RATE: f64 = 25.0;
const MP4: &str = "video/mp4";

/// What is exported, and how.
pub struct Export {
    /// The page.
    store: Store,
    /// Labels and people as they were when it was asked for: a film does not change them on the way.
    labels: Rc<Labels>,
    /// Whose faces are hidden.
    hidden: Option<HiddenFaces>,
    /// 0 to 1 while it goes on; whoever takes it away ends the export, and nothing is handed out.
    progress: RwSignal<Option<f64>>,
    /// Which film is on the stage, and which results of it: labels of others are not drawn.
    generation: (u32, u32),
}

/// How a way of making the film ended.
enum Ending {
    Made,
    GivenUp,
    /// The browser or the film allows no frame by frame.
    NeedsPlayer,
}

/// Makes the film and hands it out.
///
/// # Errors
/// What keeps it from being made.
pub async fn run(export: &Export) -> Result<(), String> {
    let source = export.store.stage.source.get_untracked();
    let Some((name, url, file)) =
        source.and_then(|source| Some((source.name.clone(), source.url?, source.file?)))
    else {
        return Ok(());
    };
    let ending = encode(export, &name, &file).await?;
    if matches!(ending, Ending::NeedsPlayer) && export.is_wanted() {
        record(export, &name, &url)
            .await
            .map_err(|error| error_text(&error))?;
    }
    if !export.is_on_stage() {
        export.store.notify(Tone::Warning, strings::FILM_LEFT, None);
    }
    Ok(())
}

/// Waits until the labels on the stage are settled; whether they are still of what was on it before.
async fn settled(store: Store) -> bool {
    let on_stage = || store.stage_generation();
    let asked = on_stage();
    relabel::settled(store).await;
    on_stage() == asked
}

/// Counts up with each film on the stage, and with results that take the place of others.
fn generation(store: Store) -> (u32, u32) {
    (store.stage_generation(), store.relabel.get_value().generation)
}

/// What a film or picture is, as its name says it.
fn kind_of(hidden: Option<HiddenFaces>) -> &'static str {
    match hidden {
        None => strings::FILM_LABELLED,
        Some(HiddenFaces::All) => strings::FILM_HIDDEN,
        Some(_) => strings::FILM_PARTLY_HIDDEN,
    }
}

impl Export {
    /// An export of the film that is on the stage now, once its labels are settled; nothing where it has left the stage by then.
    pub async fn of_stage(
        store: Store,
        hidden: Option<HiddenFaces>,
        progress: RwSignal<Option<f64>>,
    ) -> Option<Self> {
        settled(store).await.then(|| Self {
            store,
            labels: Rc::new(Labels::now(store)),
            hidden,
            progress,
            generation: generation(store),
        })
    }

    fn is_on_stage(&self) -> bool {
        generation(self.store) == self.generation
    }

    fn is_wanted(&self) -> bool {
        self.is_on_stage() && self.progress.get_untracked().is_some()
    }

    /// What comes of an act; nothing where the export is given up before. Encoders may take long, and some never answer.
    async fn unless_given_up<T>(&self, act: impl Future<Output = T>) -> Option<T> {
        let mut act = pin!(act);
        loop {
            let mut done = None;
            {
                let to_the_end = async { done = Some(act.as_mut().await) };
                tasks::first_of(to_the_end, tasks::sleep(PATIENCE_MS)).await;
            }
            if done.is_some() || !self.is_wanted() {
                return done;
            }
        }
    }

    fn progressed(&self, part: f64) {
        if part.is_finite() && self.is_wanted() {
            self.progress.set(Some(part.clamp(0.0, 1.0)));
        }
    }

    /// The new film's name without an ending.
    fn stem(&self, name: &str) -> String {
        format!("{} {}", stem(name), kind_of(self.hidden))
    }

    fn length_s(&self) -> f64 {
        self.store.view_now().end_s()
    }
}

/// Frame by frame, each at its own time.
async fn encode(export: &Export, name: &str, file: &File) -> Result<Ending, String> {
    let store = export.store;
    let id = store.next_job();
    let (order, news) = EngineOrder::new(id);
    store.order.set(Some(order));
    let message = ToEngine::ShowFrames {
        job: id,
        name: name.to_owned(),
    };
    store.send(&message, Some(file.as_ref()));
    let mut news = Frames(news);
    let done = take_frames(export, id, &mut news.0, file).await;
    drop(news);
    store.end_order(id);
    if !matches!(done, Ok(Some(Film::Parts(_)))) {
        // It ended before the film did.
        store.send(&ToEngine::Cancel { job: id }, None);
    }
    match done? {
        Some(Film::Parts(parts)) => {
            let name = format!("{}.mp4", export.stem(name));
            download(&name, MP4, &parts).map_err(|error| error_text(&error))?;
            Ok(Ending::Made)
        }
        Some(Film::ForPlayer) => Ok(Ending::NeedsPlayer),
        None => Ok(Ending::GivenUp),
    }
}

/// What came of reading the frames.
enum Film {
    Parts(Array),
    ForPlayer,
}

/// Frames on their way. Those that nobody took are closed: decoders have few.
struct Frames(UnboundedReceiver<News>);

impl Drop for Frames {
    fn drop(&mut self) {
        while let Ok((_, attachment)) = self.0.try_recv() {
            if let Some(picture) = attachment.dyn_ref::<VideoFrame>() {
                picture.close();
            }
        }
    }
}

async fn take_frames(
    export: &Export,
    id: u32,
    news: &mut UnboundedReceiver<News>,
    file: &File,
) -> Result<Option<Film>, String> {
    let store = export.store;
    let mut made: Option<(Drawing, FilmEncoder)> = None;
    loop {
        let Some((message, attachment)) = export.unless_given_up(news.next()).await.flatten() else {
            return if export.is_wanted() {
                Err(strings::ENGINE_LOST.to_owned())
            } else {
                Ok(None)
            };
        };
        match message {
            FromEngine::Frame {
                number,
                time_s,
                orientation,
                width,
                height,
                ..
            } => {
                let frame = CodedFrame {
                    picture: attachment.unchecked_into(),
                    number,
                    time_s,
                    orientation,
                    size: (width, height),
                };
                if !export.is_wanted() {
                    return Ok(None);
                }
                if made.is_none() {
                    let Some(begun) = export.unless_given_up(begin(export, &frame, file)).await else {
                        return Ok(None);
                    };
                    made = begun?;
                }
                let Some((drawing, encoder)) = &mut made else {
                    return Ok(Some(Film::ForPlayer));
                };
                let Some(drawn) = export.unless_given_up(draw(drawing, encoder, &frame)).await else {
                    return Ok(None);
                };
                drawn?;
                export.progressed(frame.time_s / export.length_s().max(0.001));
                store.send(&ToEngine::Taken { job: id }, None);
            }
            FromEngine::Done { notice, .. } => {
                if let Some(notice) = notice {
                    store.notify(Tone::Warning, notice, None);
                }
                let Some((_, encoder)) = made.filter(|_| export.is_wanted()) else {
                    return Ok(None);
                };
                let parts = export.unless_given_up(encoder.finish()).await;
                return Ok(parts.transpose()?.map(Film::Parts));
            }
            FromEngine::TryVideoElement { .. } => return Ok(Some(Film::ForPlayer)),
            FromEngine::Failed { reason, .. } => return Err(reason),
            FromEngine::Cancelled { .. } => {
                store.notify(Tone::Warning, strings::FILM_GAVE_WAY, None);
                return Ok(None);
            }
            _ => {}
        }
    }
}

/// Canvas and encoder for a film of this first frame; nothing where the browser encodes no such film.
async fn begin(
    export: &Export,
    frame: &CodedFrame,
    file: &File,
) -> Result<Option<(Drawing, FilmEncoder)>, String> {
    let view = export.store.view_now();
    let length_s = export.length_s();
    let rate = if length_s > 0.0 {
        view.frame_count() as f64 / length_s
    } else {
        USUAL_RATE
    };
    let Some(format) = format_of(frame.size.0, frame.size.1, rate).await else {
        return Ok(None);
    };
    let start_s = export.store.stage.media_start_s.get_untracked();
    let heard = if sound::can_be_read(file, length_s) {
        match sound_encoder::encode(file, start_s, length_s).await {
            Ok(sound) => sound,
            Err(error) => {
                let text = strings::film_silent(&error_text(&error));
                export.store.notify(Tone::Warning, text, None);
                Sound::default()
            }
        }
    } else {
        Sound::default()
    };
    let size = (u32::from(format.width), u32::from(format.height));
    let drawing = Drawing::new(export.store, &export.labels, export.hidden, size)
        .map_err(|error| error_text(&error))?;
    Ok(Some((drawing, FilmEncoder::start(&format, rate, heard)?)))
}

async fn draw(drawing: &Drawing, encoder: &mut FilmEncoder, frame: &CodedFrame) -> Result<(), String> {
    drawing.draw_coded(frame).map_err(|error| error_text(&error))?;
    encoder.add(&drawing.canvas, frame.time_s).await
}

/// Hands out the picture on the stage with its labels.
///
/// # Errors
/// What the browser says.
pub async fn picture(store: Store, hidden: Option<HiddenFaces>) -> Result<(), JsValue> {
    let Some(source) = store.stage.source.get_untracked() else {
        return Ok(());
    };
    if !settled(store).await {
        return Ok(());
    }
    let labels = Rc::new(Labels::now(store));
    let new = |size: (u32, u32)| Drawing::new(store, &labels, hidden, size);
    let drawing = if source.kind == SourceKind::Picture {
        let image = HtmlImageElement::new()?;
        image.set_src(source.url.as_deref().unwrap_or_default());
        JsFuture::from(image.decode()).await?;
        let drawing = new((image.natural_width(), image.natural_height()))?;
        drawing.draw_still(&image)?;
        drawing
    } else {
        let Some(video) = store.video.get_value() else {
            return Ok(());
        };
        let drawing = new((video.video_width(), video.video_height()))?;
        let shown_s = store.stage.shown_s.get_untracked() + store.stage.media_start_s.get_untracked();
        drawing.draw_shown(&video, shown_s)?;
        drawing
    };
    let name = strings::picture_name(
        stem(&source.name),
        store.stage.shown_s.get_untracked(),
        kind_of(hidden),
    );
    let bytes = png::of_canvas(&drawing.canvas).await?;
    download(&name, "image/png", &Array::of1(&bytes))
}

/// Plays the film once through and hands out what was drawn.
async fn record(export: &Export, name: &str, url: &str) -> Result<(), JsValue> {
    let Some(video) = export.unless_given_up(hidden_player::open(url)).await else {
        return Ok(());
    };
    let video = video.map_err(|error| JsValue::from_str(&error))?;
    let size = (video.video_width(), video.video_height());
    let drawing = Drawing::new(export.store, &export.labels, export.hidden, size)?;
    drawing.draw_shown(&video, 0.0)?;
    let capture: Function = Reflect::get(&drawing.canvas, &"captureStream".into())?.dyn_into()?;
    let stream: MediaStream = capture.call0(&drawing.canvas)?.dyn_into()?;
    let recorder = Recorder::start(&stream)?;
    if let Some(played) = export.unless_given_up(JsFuture::from(video.play()?)).await {
        played?;
    }
    while !video.ended() && export.is_wanted() {
        let shown = Cell::new(None);
        let next = async { shown.set(Some(player::picture_shown(&video).await)) };
        tasks::first_of(next, tasks::sleep(PATIENCE_MS)).await;
        if let Some(media_s) = shown.get() {
            drawing.draw_shown(&video, media_s)?;
            export.progressed(video.current_time() / video.duration().max(0.001));
        }
    }
    let _ = video.pause();
    let stem = export.stem(name);
    let film = export.unless_given_up(recorder.film(&stem)).await;
    let Some(film) = film.filter(|_| export.is_wanted()) else {
        return Ok(());
    };
    let Some(film) = film else {
        return Err(JsValue::from_str(strings::FILM_EMPTY));
    };
    download(&film.name(), &film.type_(), &Array::of1(&film))
}
