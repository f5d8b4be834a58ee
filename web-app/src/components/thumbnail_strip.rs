//! Small pictures of the film over the timeline, of what is in sight there.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, PointerEvent};

use crate::browser::canvas::prepared;
use crate::browser::repaint::Repaint;
use crate::browser::size::follow_size;
use crate::browser::{hidden_player, tasks};
use crate::state::source::SourceKind;
use crate::state::store::Store;
use crate::{player, strings};
use page_view::thumbnails::{Shelf, Tile, reach, tiles};
use page_view::timeline_layout as layout;

/// Height of the strip in CSS pixels.
const HEIGHT: f64 = 40.0;
/// Pixels of a picture for each of the page's, for sharp screens.
const SHARPNESS: f64 = 2.0;
/// Pictures that are kept, 40 kB each.
const MOST: usize = 300;
/// Milliseconds after which a film that gives no picture is left alone.
const PATIENCE_MS: i32 = 5000;
/// Pictures in a row that do not come before a film is left alone for good.
const MOST_FAILURES: u32 = 3;
/// Width of a picture over its height: wider ones are cut.
const WIDEST: f64 = 2.4;
const NARROWEST: f64 = 0.5;

/// A film that gives pictures.
#[derive(Clone)]
struct Film {
    url: String,
    /// `None` until it is opened.
    player: Option<HtmlVideoElement>,
    /// Pictures that did not come.
    failures: u32,
    /// Width of a picture over its height.
    aspect: f64,
}

/// The strip and what it shows. Cheap to copy: it holds handles.
#[derive(Clone, Copy)]
struct Strip {
    store: Store,
    canvas: NodeRef<html::Canvas>,
    size: RwSignal<(f64, f64)>,
    film: StoredValue<Option<Film>, LocalStorage>,
    shelf: StoredValue<Shelf<HtmlCanvasElement>, LocalStorage>,
    /// Whether pictures are being fetched.
    is_fetching: StoredValue<bool>,
    /// Counts up with each picture.
    fetched: RwSignal<u32>,
}

#[component]
pub fn ThumbnailStrip() -> impl IntoView {
    let store = Store::of_page();
    let strip = Strip {
        store,
        canvas: NodeRef::new(),
        size: RwSignal::new((0.0, 0.0)),
        film: StoredValue::new_local(None),
        shelf: StoredValue::new_local(Shelf::new(MOST)),
        is_fetching: StoredValue::new(false),
        fetched: RwSignal::new(0),
    };
    let host = NodeRef::<html::Div>::new();
    let set_up = StoredValue::new(false);
    Effect::new(move |_| {
        if let Some(host) = host.get().filter(|_| !set_up.get_value()) {
            set_up.set_value(true);
            follow_size(&host, move |width, height| strip.size.set((width, height)));
        }
    });
    strip.follow();
    let seek = move |event: PointerEvent| {
        let left = host
            .get_untracked()
            .map_or(0.0, |host| host.get_bounding_client_rect().left());
        let (width, _) = strip.size.get_untracked();
        let gutter = layout::GUTTER;
        let x = event.client_x() - left - gutter;
        if x >= 0.0 && event.buttons() == 1 {
            let at_s = store
                .stage
                .viewport
                .with_untracked(|sight| sight.time_at(x, (width - gutter).max(1.0)));
            player::seek(store, at_s);
        }
    };
    view! {
        // Keys do the same as a click here.
        <div class="thumbnails" data-testid="thumbnails" aria-hidden="true" node_ref=host
            class:is-off=move || strip.url().is_none() on:pointerdown=seek on:pointermove=seek>
            <span class="thumbnails-name">{strings::PICTURES}</span>
            <canvas node_ref=strip.canvas></canvas>
        </div>
    }
}

impl Strip {
    /// The film whose pictures have a place here; tracks changes.
    fn url(self) -> Option<String> {
        let shows = self.store.bench.shows_pictures.get();
        self.store.stage.source.with(|source| {
            let film = source
                .as_ref()
                .filter(|it| shows && it.kind == SourceKind::Video)?;
            film.url.clone()
        })
    }

    /// The film whose pictures are fetched; tracks changes. While it is read there is enough to do.
    fn url_wanted(self) -> Option<String> {
        let can_fetch = !self.store.reads_stage() && self.store.view().frame_count() > 1;
        self.url().filter(|_| can_fetch)
    }

    /// Draws and fetches whenever something changes.
    fn follow(self) {
        let repaint = StoredValue::new_local(Repaint::new(move || self.paint()));
        let url = Memo::new(move |_| self.url_wanted());
        Effect::new(move |_| {
            self.size.track();
            self.fetched.track();
            self.store.stage.viewport.track();
            self.store.theme.track();
            self.store.revision.track();
            if self.url().is_some() {
                repaint.with_value(Repaint::request);
            }
        });
        Effect::new(move |_| {
            self.size.track();
            self.store.stage.viewport.track();
            self.take_film(url.get());
            if url.with(Option::is_some) {
                self.fetch();
            }
        });
    }

    /// Another film has other pictures.
    fn take_film(self, url: Option<String>) {
        let is_same = self.film.with_value(|film| {
            let known = film.as_ref().map(|film| film.url.as_str());
            known == url.as_deref() || url.is_none()
        });
        // A strip that is out of sight for a while keeps what it has.
        if is_same {
            return;
        }
        if let Some(player) = self
            .film
            .with_value(|film| film.as_ref().and_then(|film| film.player.clone()))
        {
            let _ = player.remove_attribute("src");
            player.load();
        }
        self.shelf.set_value(Shelf::new(MOST));
        self.film.set_value(url.map(|url| Film {
            url,
            player: None,
            failures: 0,
            aspect: 16.0 / 9.0,
        }));
    }

    /// The pictures that are in sight, and the width of one.
    fn tiles(self) -> (Vec<Tile>, f64) {
        let aspect = self.film.with_value(|film| film.as_ref().map(|film| film.aspect));
        let Some(aspect) = aspect else {
            return (Vec::new(), 0.0);
        };
        let (width, _) = self.size.get_untracked();
        let plot = (width - layout::GUTTER).max(1.0);
        let tile = HEIGHT * aspect;
        let sight = self.store.stage.viewport.get_untracked();
        (tiles(&self.store.view_now(), &sight, plot, tile), tile)
    }

    fn paint(self) {
        let (width, height) = self.size.get_untracked();
        let canvas = self.canvas.get_untracked();
        let Some(context) = canvas.and_then(|canvas| prepared(&canvas, width, height)) else {
            return;
        };
        let gutter = layout::GUTTER;
        context.save();
        context.begin_path();
        context.rect(gutter, 0.0, width - gutter, height);
        context.clip();
        let (tiles, side) = self.tiles();
        let reach = reach(&tiles);
        self.shelf.with_value(|shelf| {
            for tile in tiles {
                if let Some(picture) = shelf.nearest(tile.frame, reach) {
                    // Whole pixels: hairs between neighbours would show as gaps.
                    let (left, right) = ((gutter + tile.x).floor(), (gutter + tile.x + side).ceil());
                    // A picture that cannot be drawn stays empty.
                    let _ = context.draw_image_with_html_canvas_element_and_dw_and_dh(
                        picture,
                        left,
                        0.0,
                        right - left,
                        height,
                    );
                }
            }
        });
        context.restore();
    }

    /// Fetches what is in sight and missing, one picture after the other; what comes into sight meanwhile is fetched too.
    fn fetch(self) {
        if self.is_fetching.get_value() {
            return;
        }
        self.is_fetching.set_value(true);
        spawn_local(async move {
            while self.fetch_one().await {
                self.fetched.update(|count| *count = count.wrapping_add(1));
            }
            self.is_fetching.set_value(false);
        });
    }

    /// Whether there was one to fetch.
    async fn fetch_one(self) -> bool {
        let film = self.film.get_value();
        let Some(film) = film.filter(|film| film.failures < MOST_FAILURES) else {
            return false;
        };
        let Some(player) = film.player else {
            return self.open_player(&film.url).await;
        };
        let (tiles, _) = self.tiles();
        let missing = self.shelf.with_value(|shelf| {
            let missing = tiles.iter().find(|tile| !shelf.has(tile.frame));
            missing.map(|tile| tile.frame)
        });
        let Some(frame) = missing.filter(|_| untrack(|| self.url_wanted()).as_ref() == Some(&film.url))
        else {
            return false;
        };
        let at_s = self.store.view_now().middle_of(frame) + self.store.stage.media_start_s.get_untracked();
        player.set_current_time(at_s);
        let seeked = tasks::event(&player, &["seeked", "error"]);
        tasks::first_of(seeked, tasks::sleep(PATIENCE_MS)).await;
        if player.seeking() || player.error().is_some() {
            self.with_film(&film.url, |known| known.failures += 1);
            return false;
        }
        if self
            .film
            .with_value(|known| known.as_ref().map(|known| &known.url) != Some(&film.url))
        {
            // Another film has come meanwhile.
            return true;
        }
        let Some(picture) = taken_from(&player, film.aspect) else {
            self.with_film(&film.url, |known| known.failures += 1);
            return false;
        };
        self.shelf.update_value(|shelf| shelf.put(frame, picture, &tiles));
        self.with_film(&film.url, |known| known.failures = 0);
        true
    }

    /// Whether the film can be played; without it there are no pictures, and the stage says why.
    async fn open_player(self, url: &str) -> bool {
        let Ok(player) = hidden_player::open(url).await else {
            self.with_film(url, |known| known.failures = MOST_FAILURES);
            return false;
        };
        let aspect = f64::from(player.video_width()) / f64::from(player.video_height().max(1));
        self.with_film(url, |known| {
            known.player = Some(player);
            known.aspect = aspect.clamp(NARROWEST, WIDEST);
        });
        true
    }

    fn with_film(self, url: &str, act: impl FnOnce(&mut Film)) {
        self.film.update_value(|film| {
            if let Some(film) = film.as_mut().filter(|film| film.url == url) {
                act(film);
            }
        });
    }
}

/// What a player shows, small; cut to `aspect` in the middle.
fn taken_from(player: &HtmlVideoElement, aspect: f64) -> Option<HtmlCanvasElement> {
    let document = web_sys::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let (width, height) = (HEIGHT * aspect * SHARPNESS, HEIGHT * SHARPNESS);
    canvas.set_width(width.round() as u32);
    canvas.set_height(height.round() as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let (w, h) = (f64::from(player.video_width()), f64::from(player.video_height()));
    let (sw, sh) = if w > h * aspect {
        (h * aspect, h)
    } else {
        (w, w / aspect)
    };
    context
        .draw_image_with_html_video_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            player,
            (w - sw) / 2.0,
            (h - sh) / 2.0,
            sw,
            sh,
            0.0,
            0.0,
            width,
            height,
        )
        .ok()?;
    Some(canvas)
}
