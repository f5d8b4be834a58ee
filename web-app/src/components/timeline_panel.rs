//! The timeline with its tools.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{PointerEvent, WheelEvent};

use super::lane_help::LaneHelp;
use super::overview_strip::OverviewStrip;
use super::review_bar::ReviewBar;
use super::thumbnail_strip::ThumbnailStrip;
use super::timeline_gestures::{self as gestures, Gestures, Plot};
use super::timeline_painter::{self as painter, Scene};
use super::timeline_tip::{TimelineTip, spoken};
use super::timeline_tools::TimelineTools;
use crate::browser::canvas::prepared;
use crate::browser::palette::Palette;
use crate::browser::repaint::Repaint;
use crate::browser::size::follow_size;
use crate::browser::tasks;
use crate::state::store::Store;
use crate::{person_names, player, range_labels, remarks, review, segment_loop, strings};
use page_view::review::edges::HeldEdge;
use page_view::review::stroke::Stroke;
use page_view::timeline_layout::{self as layout, Density, Group, PlotStyle};

/// The height of the timeline in CSS pixels for groups that are `wanted` high: one face fits, and has its room before it is there; more
/// faces than fit scroll.
fn shown_height(wanted: f64, style: PlotStyle, density: Density) -> f64 {
    let one_face = layout::height(&layout::groups(1, style, 0, None, density));
    wanted.clamp(one_face, one_face + ROOM_FOR_MORE)
}

/// Pixels that more than one face adds at most.
const ROOM_FOR_MORE: f64 = 48.0;

/// The element that scrolls and its size.
#[derive(Clone, Copy)]
struct Board {
    scroller: NodeRef<html::Div>,
    canvas: NodeRef<html::Canvas>,
    size: RwSignal<(f64, f64)>,
    density: Memo<Density>,
    scroll: RwSignal<f64>,
    groups: Memo<Vec<Group>>,
    /// Place of the group of the person that the keys act on.
    open: Memo<Option<usize>>,
}

/// Place of the chosen person, else of the one at the playhead that the keys act on.
fn open_group(store: Store) -> Option<usize> {
    let view = store.view();
    let place = |person: u32| view.tracks.iter().position(|track| track.track == person);
    let chosen = store.stage.track.get().and_then(place);
    chosen
        .or_else(|| review::current(store).and_then(|segment| place(segment.track)))
        .or(Some(0))
}

impl Board {
    fn new(store: Store) -> Self {
        let open = Memo::new(move |_| open_group(store));
        let size = RwSignal::new((0.0, 0.0));
        let density = Memo::new(move |_| Density::of(size.get().0));
        Self {
            scroller: NodeRef::new(),
            canvas: NodeRef::new(),
            size,
            density,
            scroll: RwSignal::new(0.0),
            groups: Memo::new(move |_| {
                let tracks = store.view().tracks.len();
                let files = store.analysis.with_value(|analysis| analysis.label_files.len());
                layout::groups(tracks, store.plot_style.get(), files, open.get(), density.get())
            }),
            open,
        }
    }

    fn plot(self) -> Plot {
        Plot::of(self.size.get_untracked().0)
    }

    fn with_scroller(self, act: impl FnOnce(&web_sys::HtmlElement)) {
        if let Some(scroller) = self.scroller.get_untracked() {
            act(&scroller);
        }
    }

    fn edge_under(
        self,
        store: Store,
        element: &web_sys::HtmlElement,
        event: &PointerEvent,
    ) -> Option<HeldEdge> {
        let scroll = element.scroll_top();
        self.groups
            .with_untracked(|groups| gestures::edge_under(store, self.plot(), groups, scroll, element, event))
    }

    /// A click on a folded person chooses that one.
    fn choose_person(self, store: Store, element: &web_sys::HtmlElement, event: &PointerEvent) {
        // Asked of the element: a click may come before the event that tells of the scrolling.
        let scroll = element.scroll_top();
        let place = self
            .groups
            .with_untracked(|groups| gestures::folded_under(groups, scroll, element, event));
        let view = store.view_now();
        if let Some(track) = place.and_then(|place| view.tracks.get(place)) {
            store.stage.track.set(Some(track.track));
        }
    }

    /// Notes what is under the pointer.
    fn hover(self, store: Store, element: &web_sys::HtmlElement, event: &PointerEvent) {
        let scroll = element.scroll_top();
        self.groups
            .with_untracked(|groups| gestures::hover(store, self.plot(), groups, scroll, element, event));
    }
}

#[component]
pub fn TimelinePanel() -> impl IntoView {
    view! {
        <section class="timeline-panel">
            <ReviewBar/>
            <TimelineTools/>
            <OverviewStrip/>
            <ThumbnailStrip/>
            <TimelineBoard/>
        </section>
    }
}

#[component]
fn TimelineBoard() -> impl IntoView {
    let store = Store::of_page();
    let board = Board::new(store);
    draw(store, board);
    bring_into_sight(board);
    let held = StoredValue::new(Gestures::default());
    let on_edge = RwSignal::new(false);
    let down = move |event: PointerEvent| {
        board.with_scroller(|element| {
            board.choose_person(store, element, &event);
            let edge = board.edge_under(store, element, &event);
            held.update_value(|held| gestures::down(store, held, board.plot(), edge, element, &event));
        });
    };
    let moved = move |event: PointerEvent| {
        board.with_scroller(|element| {
            held.update_value(|held| gestures::moved(store, held, board.plot(), element, &event));
            if event.buttons() == 0 {
                on_edge.set(board.edge_under(store, element, &event).is_some());
            }
            board.hover(store, element, &event);
        });
    };
    let up = move |event: PointerEvent| held.update_value(|held| gestures::up(store, held, &event));
    let scrolled = move |_| board.with_scroller(|element| board.scroll.set(element.scroll_top()));
    let height = move || board.groups.with(|groups| layout::height(groups));
    let frame_height = move || {
        let shown = shown_height(height(), store.plot_style.get(), board.density.get());
        format!("{shown}px")
    };
    let length = move || {
        store.stage.opened.track();
        store.revision.track();
        format!("{:.2}", player::length_s(store))
    };
    view! {
        <div class="timeline-frame">
            <div class="timeline" class:on-edge=move || on_edge.get() || store.stage.held_edge.get().is_some()
                data-testid="timeline" style:height=frame_height
                node_ref=board.scroller tabindex="0" role="slider"
                aria-label=strings::TIMELINE aria-description=strings::KEYS aria-valuemin="0" aria-valuemax=length
                aria-valuenow=move || format!("{:.2}", store.stage.playhead.get()) aria-valuetext=move || spoken(store)
                on:scroll=scrolled on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=up
                on:pointerleave=move |_| store.stage.hover.set(None)>
                <div class="timeline-content" style:height=move || format!("{}px", height())>
                    <canvas node_ref=board.canvas aria-hidden="true" style:height=frame_height></canvas>
                </div>
                <p class="timeline-empty">{move || empty_text(store)}</p>
            </div>
            <LaneHelp groups=board.groups open=board.open scroll=board.scroll size=board.size/>
            <TimelineTip width=Signal::derive(move || board.size.get().0)/>
        </div>
    }
}

/// The person that the keys act on comes into sight, whenever it is another one.
fn bring_into_sight(board: Board) {
    Effect::new(move |_| {
        let open = board.open.get();
        board.groups.track();
        spawn_local(async move {
            // The page lays the groups out first.
            tasks::next_task().await;
            let group = board
                .groups
                .with_untracked(|groups| groups.get(open?).filter(|_| groups.len() > 1).cloned());
            let Some(group) = group else { return };
            board.with_scroller(|element| {
                let height = f64::from(element.client_height());
                let scroll = element.scroll_top();
                let wanted = layout::scroll_to(&group, scroll, height);
                if (wanted - scroll).abs() >= 1.0 {
                    element.set_scroll_top(wanted);
                }
            });
        });
    });
}

/// What stands where there is nothing to draw.
fn empty_text(store: Store) -> &'static str {
    let view = store.view();
    let is_whole = store.with_stage(|reading| reading.is_whole);
    match (view.frame_count(), view.tracks.len()) {
        (0, _) if !is_whole => strings::TIMELINE_EMPTY,
        (_, 0) if is_whole => strings::TIMELINE_NO_FACE_AT_ALL,
        (_, 0) => strings::TIMELINE_NO_FACE,
        _ => "",
    }
}

fn draw(store: Store, board: Board) {
    let palette = StoredValue::new_local(Palette::default());
    let repaint = StoredValue::new_local(Repaint::new(move || {
        let Some(canvas) = board.canvas.get_untracked() else {
            return;
        };
        let (width, height) = board.size.get_untracked();
        let Some(context) = prepared(&canvas, width, height) else {
            return;
        };
        let scene = Scene {
            size: (width, height),
            scroll: board.scroll.get_untracked(),
            view: store.view_now(),
            label_files: store.analysis.with_value(|analysis| analysis.label_files.clone()),
            queue: store.queue.get_untracked(),
            current: untrack(|| review::current(store)),
            names: names(store),
            remarks: untrack(|| remarks::all(store)),
            sound: store.bench.sound.get_untracked(),
            range: untrack(|| range_labels::range(store)).map(|(_, frames)| frames),
            held_edge: store.stage.held_edge.get_untracked(),
            stroke: stroke(store),
            looped: untrack(|| segment_loop::segment(store)),
            groups: board.groups.get_untracked(),
            sight: store.stage.viewport.get_untracked(),
            style: store.plot_style.get_untracked(),
            is_blind: store.bench.is_blind.get_untracked() && !untrack(|| store.is_live()),
            playhead: store.stage.playhead.get_untracked(),
            hover: store.stage.hover.get_untracked(),
        };
        palette.with_value(|palette| painter::paint(&context, &scene, palette));
    }));
    Effect::new(move |_| {
        store.theme.track();
        palette.set_value(Palette::read());
        repaint.with_value(Repaint::request);
    });
    Effect::new(move |_| {
        board.size.track();
        board.scroll.track();
        board.groups.track();
        store.revision.track();
        store.review_revision.track();
        store.queue.track();
        store.stage.track.track();
        store.stage.held_edge.track();
        store.stage.stroke.track();
        store.stage.range_from.track();
        store.bench.sound.track();
        store.stage.looped.track();
        store.bench.is_blind.track();
        store.plot_style.track();
        store.stage.viewport.track();
        store.stage.playhead.track();
        store.stage.hover.track();
        repaint.with_value(Repaint::request);
    });
    let set_up = StoredValue::new(false);
    Effect::new(move |_| {
        if let Some(scroller) = board.scroller.get()
            && !set_up.get_value()
        {
            set_up.set_value(true);
            follow_size(&scroller, move |width, height| board.size.set((width, height)));
            listen_to_wheel(store, board, &scroller);
        }
    });
}

/// What the people are called, by track.
fn names(store: Store) -> Vec<String> {
    let tracks = store.view_now();
    let tracks = tracks.tracks.iter();
    untrack(|| {
        tracks
            .map(|track| person_names::name(store, track.track))
            .collect()
    })
}

/// What is painted so far.
fn stroke(store: Store) -> Option<(Stroke, std::ops::Range<usize>)> {
    let stroke = store.stage.stroke.get_untracked()?;
    let reaction_s = store.bench.reaction_s.get_untracked() * store.bench.speed.get_untracked();
    let frames = stroke.frames(&store.view_now(), store.stage.shown_s.get_untracked(), reaction_s);
    Some((stroke, frames))
}

/// Directly on the element: a listener of the whole page may not keep the page from scrolling.
fn listen_to_wheel(store: Store, board: Board, scroller: &web_sys::HtmlDivElement) {
    let element: web_sys::HtmlElement = scroller.clone().unchecked_into();
    let listener = Closure::<dyn FnMut(WheelEvent)>::new(move |event: WheelEvent| {
        gestures::wheel(store, Plot::of(board.size.get_untracked().0), &element, &event);
    });
    let _ = scroller.add_event_listener_with_callback("wheel", listener.as_ref().unchecked_ref());
    listener.forget();
}
