//! The video, picture or webcam, with the faces marked.

use leptos::html;
use leptos::prelude::*;

use super::file_button::FileButton;
use crate::browser::palette::Palette;
use crate::browser::repaint::Repaint;
use crate::browser::size::follow_size;
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{opened_projects, overlay, playback, player, strings, webcam};

#[component]
pub fn Stage() -> impl IntoView {
    let store = Store::of_page();
    let kind = Memo::new(move |_| {
        store
            .stage
            .source
            .with(|source| source.as_ref().map(|source| source.kind))
    });
    let url = move || {
        store
            .stage
            .source
            .with(|source| source.as_ref().and_then(|source| source.url.clone()))
    };
    let video_url = move || url().filter(|_| kind.get() == Some(SourceKind::Video));
    let picture_url = move || url().filter(|_| kind.get() == Some(SourceKind::Picture));
    let name = move || {
        store
            .stage
            .source
            .with(|source| source.as_ref().map(|source| source.name.clone()))
            .unwrap_or_default()
    };
    let video = NodeRef::<html::Video>::new();
    let canvas = NodeRef::<html::Canvas>::new();
    let picture = NodeRef::<html::Img>::new();
    show_source(store, video);
    draw_overlay(store, canvas, picture);
    view! {
        <div class="stage">
            <video node_ref=video playsinline=true preload="auto" src=video_url
                class:is-off=move || !matches!(kind.get(), Some(SourceKind::Video | SourceKind::Webcam))
                class:is-mirrored=move || store.is_live()
                aria-label=name
                on:click=move |_| player::toggle(store)
                on:play=move |_| playback::started(store) on:pause=move |_| playback::stopped(store)
                on:ended=move |_| playback::ended(store)
                on:seeked=move |_| player::arrived(store)>
            </video>
            <img node_ref=picture class:is-off=move || kind.get() != Some(SourceKind::Picture)
                src=picture_url alt=name on:load=move |_| store.results_changed()/>
            <div class="stage-note" class:is-off=move || kind.get() != Some(SourceKind::ProjectOnly)>
                <p>{strings::PROJECT_HAS_NO_VIDEO}<strong>{name}</strong></p>
                <FileButton hook="attach-video" text=strings::ATTACH_VIDEO accept="video/*,image/*,.mkv" small=true
                    on_files=opened_projects::attach_first/>
            </div>
            <canvas node_ref=canvas class:is-mirrored=move || store.is_live() aria-hidden="true"></canvas>
            <LiveBadge/>
        </div>
    }
}

/// What is said on the webcam's picture, and the choice among several cameras.
#[component]
fn LiveBadge() -> impl IntoView {
    let store = Store::of_page();
    let said = move || {
        let is_recorded = store.live.is_recorded.get();
        store
            .live
            .speed
            .with(|speed| strings::live(is_recorded, speed.figures()))
    };
    let options = move || {
        let in_use = store.live.camera.get();
        let cameras = store.live.cameras.get();
        cameras
            .into_iter()
            .map(|camera| {
                let selected = camera.id == in_use;
                view! { <option value=camera.id selected=selected>{camera.label}</option> }
            })
            .collect_view()
    };
    view! {
        <div class="live-badge" class:is-off=move || !store.is_live()>
            <span data-testid="live">{said}</span>
            <select data-testid="camera" aria-label=strings::CAMERA
                class:is-off=move || store.live.cameras.with(|cameras| cameras.len() < 2)
                on:change=move |event| webcam::choose(store, event_target_value(&event))>{options}</select>
        </div>
    }
}

/// Gives the player the webcam's stream, or takes away the file that is no longer shown.
fn show_source(store: Store, video: NodeRef<html::Video>) {
    let watched = StoredValue::new(false);
    Effect::new(move |_| {
        let Some(video) = video.get() else { return };
        if !watched.get_value() {
            watched.set_value(true);
            player::watch(store, &video);
        }
        let stream = store
            .stage
            .source
            .with(|source| source.as_ref().and_then(|source| source.stream.clone()));
        let shows_file = store.stage.source.with(|source| {
            source
                .as_ref()
                .is_some_and(|source| source.kind == SourceKind::Video)
        });
        video.set_src_object(stream.as_ref());
        if stream.is_some() {
            video.set_muted(true);
            // A refusal shows as a still picture; there is nothing more to say about it.
            let _ = video.play();
        } else if !shows_file {
            let _ = video.remove_attribute("src");
            video.load();
        }
    });
}

fn draw_overlay(store: Store, canvas: NodeRef<html::Canvas>, picture: NodeRef<html::Img>) {
    let size = RwSignal::new((0.0, 0.0));
    let palette = StoredValue::new_local(Palette::default());
    let repaint = StoredValue::new_local(Repaint::new(move || {
        let Some(canvas) = canvas.get_untracked() else {
            return;
        };
        let scene = overlay::Scene {
            size: size.get_untracked(),
            picture: picture_size(store, picture),
            mirrored: store.is_live(),
        };
        palette.with_value(|palette| overlay::paint(store, &canvas, &scene, palette));
    }));
    let followed = StoredValue::new(false);
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get()
            && !followed.get_value()
        {
            followed.set_value(true);
            follow_size(&canvas, move |width, height| size.set((width, height)));
        }
    });
    Effect::new(move |_| {
        store.theme.track();
        palette.set_value(Palette::read());
        repaint.with_value(Repaint::request);
    });
    Effect::new(move |_| {
        size.track();
        store.revision.track();
        store.review_revision.track();
        store.stage.shown_s.track();
        store.stage.track.track();
        store.stage.source.track();
        store.stage.opened.track();
        store.bench.is_blind.track();
        repaint.with_value(Repaint::request);
    });
}

/// Size of the upright picture: as the engine says, since boxes are in its pixels, else as the browser says.
fn picture_size(store: Store, picture: NodeRef<html::Img>) -> (f64, f64) {
    if let Some(opened) = store
        .stage
        .opened
        .get_untracked()
        .filter(|opened| opened.width > 0)
    {
        return (f64::from(opened.width), f64::from(opened.height));
    }
    let kind = store
        .stage
        .source
        .with_untracked(|source| source.as_ref().map(|source| source.kind));
    if kind == Some(SourceKind::Picture) {
        return picture.get_untracked().map_or((0.0, 0.0), |picture| {
            (
                f64::from(picture.natural_width()),
                f64::from(picture.natural_height()),
            )
        });
    }
    store.video.get_value().map_or((0.0, 0.0), |video| {
        (f64::from(video.video_width()), f64::from(video.video_height()))
    })
}
