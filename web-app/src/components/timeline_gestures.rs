//! Pointer and wheel on the timeline: seeking, moving, zooming.

use leptos::prelude::*;
use web_sys::{HtmlElement, PointerEvent, WheelEvent};

use crate::state::hover::Hover;
use crate::state::store::Store;
use crate::{player, range_labels, review};
use page_view::review::edges::HeldEdge;
use page_view::timeline_layout::{self as layout, Group};

/// Zoom of one notch of a wheel.
const WHEEL: f64 = 0.0016;
/// Pixels on either side of an edge where it can be taken.
const EDGE_PX: f64 = 5.0;

/// A pointer that is down.
#[derive(Debug, Clone, Copy)]
struct Held {
    id: i32,
    x: f64,
}

/// The pointers on the timeline.
#[derive(Debug, Clone, Default)]
pub struct Gestures {
    held: Vec<Held>,
    /// Moves the sight instead of seeking.
    pans: bool,
    /// Moves the edge between two segments instead of seeking.
    drags_edge: bool,
}

/// Where the plot lies.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// Left edge in CSS pixels.
    pub gutter: f64,
    /// Width in CSS pixels.
    pub width: f64,
}

impl Plot {
    /// For a timeline of this width.
    #[must_use]
    pub fn of(width: f64) -> Self {
        Self {
            gutter: layout::GUTTER,
            width: (width - layout::GUTTER).max(1.0),
        }
    }

    fn time_at(self, store: Store, x: f64) -> f64 {
        store
            .stage
            .viewport
            .with_untracked(|viewport| viewport.time_at(x - self.gutter, self.width))
    }
}

/// A button or finger goes down: takes the edge that is under it, else seeks there, unless another finger is down or
/// shift or the middle button moves. With control (command on a Mac) a range begins there.
pub fn down(
    store: Store,
    gestures: &mut Gestures,
    plot: Plot,
    edge: Option<HeldEdge>,
    element: &HtmlElement,
    event: &PointerEvent,
) {
    let _ = element.set_pointer_capture(event.pointer_id());
    let x = x_in(element, event);
    gestures.held.push(Held {
        id: event.pointer_id(),
        x,
    });
    gestures.pans = event.shift_key() || event.button() == 1;
    let begins_range = event.ctrl_key() || event.meta_key();
    let edge = edge.filter(|_| !begins_range);
    if let Some(held) = edge.filter(|_| gestures.held.len() == 1 && !gestures.pans && event.button() == 0) {
        gestures.drags_edge = true;
        player::pause(store);
        store.stage.track.set(Some(held.first.track));
        store.stage.held_edge.set(Some(held));
        return;
    }
    if gestures.held.len() == 1 && !gestures.pans && event.button() == 0 {
        player::seek(store, plot.time_at(store, x));
        if begins_range {
            begin_range(store);
        }
    }
}

/// A range of the person under the pointer begins; it reaches to the playhead, which follows the pointer.
fn begin_range(store: Store) {
    let view = store.view_now();
    let Some(hover) = store.stage.hover.get_untracked() else {
        return;
    };
    if let Some(track) = view.tracks.get(hover.group) {
        player::pause(store);
        store.stage.track.set(Some(track.track));
        range_labels::begin(store, track.track, hover.frame);
    }
}

/// A pointer moves.
pub fn moved(store: Store, gestures: &mut Gestures, plot: Plot, element: &HtmlElement, event: &PointerEvent) {
    let x = x_in(element, event);
    let Some(place) = gestures
        .held
        .iter()
        .position(|held| held.id == event.pointer_id())
    else {
        return;
    };
    let before = gestures.held.clone();
    if let Some(held) = gestures.held.get_mut(place) {
        held.x = x;
    }
    match (before.as_slice(), gestures.held.as_slice()) {
        ([was], [_]) if gestures.pans => pan(store, plot, was.x - x),
        ([_], [_]) if gestures.drags_edge => drag_edge(store, plot.time_at(store, x)),
        ([_], [_]) => player::seek(store, plot.time_at(store, x)),
        ([a, b], [c, d]) => pinch(store, plot, (a.x, b.x), (c.x, d.x)),
        _ => {}
    }
}

/// A button or finger goes up; an edge that was dragged stays where it is.
pub fn up(store: Store, gestures: &mut Gestures, event: &PointerEvent) {
    gestures.held.retain(|held| held.id != event.pointer_id());
    if !std::mem::take(&mut gestures.drags_edge) {
        return;
    }
    if let Some(held) = store.stage.held_edge.get_untracked() {
        store.stage.held_edge.set(None);
        review::move_edge(store, held.first, held.second, held.frame);
    }
}

/// The edge follows the pointer, and the video the edge: the first picture behind it is shown.
fn drag_edge(store: Store, time_s: f64) {
    let Some(held) = store.stage.held_edge.get_untracked() else {
        return;
    };
    let view = store.view_now();
    let moved = held.moved(&view, time_s);
    if moved != held {
        store.stage.held_edge.set(Some(moved));
        player::seek(store, view.span_of(moved.frame).0);
    }
}

/// The edge between two segments of the reviewed lane that is under the pointer.
#[must_use]
pub fn edge_under(
    store: Store,
    plot: Plot,
    groups: &[Group],
    scroll: f64,
    element: &HtmlElement,
    event: &PointerEvent,
) -> Option<HeldEdge> {
    let (x, y) = (x_in(element, event), y_in(element, event) + scroll);
    if x < plot.gutter - EDGE_PX || !review::may_edit(store) {
        return None;
    }
    let is_on = |group: &Group| y >= group.reviewed.y && y <= group.reviewed.y + group.reviewed.h;
    let view = store.view_now();
    let track = view.tracks.get(groups.iter().position(is_on)?)?;
    let queue = store.queue.get_untracked();
    let within_s = store
        .stage
        .viewport
        .with_untracked(|viewport| EDGE_PX / plot.width * viewport.span_s);
    HeldEdge::near(
        &view,
        queue.segments(track.track),
        plot.time_at(store, x),
        within_s,
    )
}

/// Place of the folded group that is under the pointer.
#[must_use]
pub fn folded_under(
    groups: &[Group],
    scroll: f64,
    element: &HtmlElement,
    event: &PointerEvent,
) -> Option<usize> {
    let y = y_in(element, event) + scroll;
    let is_under = |group: &Group| y >= group.y && y <= group.end;
    let is_plain = event.button() == 0 && y_in(element, event) > layout::RULER;
    groups
        .iter()
        .position(|group| is_plain && group.plot.is_empty() && is_under(group))
}

fn pan(store: Store, plot: Plot, by_px: f64) {
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.panned(by_px / plot.width * viewport.span_s));
}

fn pinch(store: Store, plot: Plot, before: (f64, f64), now: (f64, f64)) {
    let in_plot = |(a, b): (f64, f64)| (a - plot.gutter, b - plot.gutter);
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.pinched(in_plot(before), in_plot(now), plot.width));
}

/// The wheel zooms at the pointer; with shift or sideways it moves. Over the names it scrolls the faces.
pub fn wheel(store: Store, plot: Plot, element: &HtmlElement, event: &WheelEvent) {
    let x = x_in(element, event);
    let sideways = event.delta_x().abs() > event.delta_y().abs();
    if x < plot.gutter && !event.ctrl_key() {
        return;
    }
    event.prevent_default();
    // Lines and pages as pixels, about.
    let unit = match event.delta_mode() {
        0 => 1.0,
        1 => 16.0,
        _ => 400.0,
    };
    if sideways || event.shift_key() {
        let delta = if sideways {
            event.delta_x()
        } else {
            event.delta_y()
        };
        pan(store, plot, delta * unit);
        return;
    }
    // Pinching on a touchpad comes as small steps with the control key.
    let speed = if event.ctrl_key() { WHEEL * 6.0 } else { WHEEL };
    let at_s = plot.time_at(store, x);
    let factor = (event.delta_y() * unit * speed).exp();
    store
        .stage
        .viewport
        .update(|viewport| *viewport = viewport.zoomed(factor, at_s));
}

/// Notes what is under the pointer.
pub fn hover(
    store: Store,
    plot: Plot,
    groups: &[Group],
    scroll: f64,
    element: &HtmlElement,
    event: &PointerEvent,
) {
    let (x, y) = (x_in(element, event), y_in(element, event));
    let view = store.view_now();
    let time_s = plot.time_at(store, x);
    // While an edge is dragged the picture is the first one behind it, wherever between two frames the pointer is.
    let held = store.stage.held_edge.get_untracked();
    let place_of = |held: HeldEdge| {
        let mut tracks = view.tracks.iter();
        tracks.position(|track| track.track == held.first.track)
    };
    if let Some((held, group)) = held.and_then(|held| Some((held, place_of(held)?))) {
        let frame = held.frame;
        store.stage.hover.set(Some(Hover { frame, group, x, y }));
        return;
    }
    let group = groups.iter().position(|group| {
        let y = y + scroll;
        y >= group.y && y <= group.end
    });
    let found = match (view.frame_at(time_s), group) {
        (Some(frame), Some(group)) if x >= plot.gutter && time_s < view.end_s() => {
            Some(Hover { frame, group, x, y })
        }
        _ => None,
    };
    if store.stage.hover.get_untracked() != found {
        store.stage.hover.set(found);
    }
}

fn x_in(element: &HtmlElement, event: &web_sys::MouseEvent) -> f64 {
    event.client_x() - element.get_bounding_client_rect().left()
}

fn y_in(element: &HtmlElement, event: &web_sys::MouseEvent) -> f64 {
    event.client_y() - element.get_bounding_client_rect().top()
}
