//! The whole video in one strip: how sure the network is, of what, and what is reviewed; the part in sight is a
//! window that can be dragged.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{PointerEvent, WheelEvent};

use super::overview_painter::{self as painter, Scene};
use crate::browser::canvas::prepared;
use crate::browser::palette::Palette;
use crate::browser::repaint::Repaint;
use crate::browser::size::follow_size;
use crate::state::store::Store;
use crate::strings;
use page_view::viewport::Viewport;

/// Pixels at an end of the window where it is taken.
const END_PX: f64 = 6.0;
/// Pixels between two fingers below which their distance is chance.
const LEAST_SPREAD_PX: f64 = 8.0;
/// Zoom of one notch of a wheel.
const WHEEL: f64 = 0.0016;

/// What a pointer holds.
#[derive(Debug, Clone, Copy)]
enum Held {
    /// The window, so many seconds behind its start.
    Window(f64),
    /// Its start; the end stays at this time.
    Start(f64),
    /// Its end; the start stays at this time.
    End(f64),
}

/// The fingers on the strip, or the mouse.
#[derive(Debug, Clone, Default)]
struct Grip {
    /// Number and place of each pointer that is down.
    pointers: Vec<(i32, f64)>,
    /// What the only one holds.
    held: Option<Held>,
}

impl Grip {
    fn down(&mut self, sight: Viewport, id: i32, x: f64, width: f64) -> Viewport {
        self.pointers.push((id, x));
        if self.pointers.len() > 1 {
            self.held = None;
            return sight;
        }
        let (held, sight) = take(sight, x, width);
        self.held = Some(held);
        sight
    }

    fn moved(&mut self, sight: Viewport, id: i32, x: f64, width: f64) -> Viewport {
        let before = self.pointers.clone();
        let Some(pointer) = self.pointers.iter_mut().find(|pointer| pointer.0 == id) else {
            return sight;
        };
        pointer.1 = x;
        if let (&[a, b], &[c, d]) = (before.as_slice(), self.pointers.as_slice()) {
            return pinched(
                sight,
                (a.1 - b.1).abs(),
                (c.1 - d.1).abs(),
                f64::midpoint(c.1, d.1) / width,
            );
        }
        let time_s = x.clamp(0.0, width) / width * sight.total_s;
        match self.held {
            Some(Held::Window(behind_s)) => sight.panned(time_s - behind_s - sight.start_s),
            Some(Held::Start(end_s)) => sight.showing(time_s.min(end_s), end_s),
            Some(Held::End(start_s)) => sight.showing(start_s, time_s.max(start_s)),
            None => sight,
        }
    }

    fn up(&mut self, id: i32) {
        self.pointers.retain(|pointer| pointer.0 != id);
        self.held = None;
    }
}

/// Fingers that part show less around them: the strip itself shows the whole all the time.
fn pinched(sight: Viewport, was: f64, is: f64, part: f64) -> Viewport {
    if was < LEAST_SPREAD_PX || is < LEAST_SPREAD_PX {
        return sight;
    }
    let at_s = part * sight.total_s;
    sight.zoomed(was / is, at_s.clamp(sight.start_s, sight.end_s()))
}

#[component]
pub fn OverviewStrip() -> impl IntoView {
    let store = Store::of_page();
    let strip = NodeRef::<html::Div>::new();
    let canvas = NodeRef::<html::Canvas>::new();
    let size = RwSignal::new((0.0, 0.0));
    draw(store, canvas, size);
    set_up(store, strip, size);
    let grip = StoredValue::new(Grip::default());
    let x_of = move |event: &PointerEvent| {
        let left = strip
            .get_untracked()
            .map_or(0.0, |strip| strip.get_bounding_client_rect().left());
        event.client_x() - left
    };
    let width = move || size.get_untracked().0.max(1.0);
    let down = move |event: PointerEvent| {
        if let Some(strip) = strip.get_untracked() {
            let _ = strip.set_pointer_capture(event.pointer_id());
        }
        let act = |sight: &mut Viewport| {
            grip.update_value(|grip| *sight = grip.down(*sight, event.pointer_id(), x_of(&event), width()));
        };
        store.stage.viewport.update(act);
    };
    let moved = move |event: PointerEvent| {
        if grip.with_value(|grip| grip.pointers.is_empty()) {
            return;
        }
        let act = |sight: &mut Viewport| {
            grip.update_value(|grip| *sight = grip.moved(*sight, event.pointer_id(), x_of(&event), width()));
        };
        store.stage.viewport.update(act);
    };
    let up = move |event: PointerEvent| grip.update_value(|grip| grip.up(event.pointer_id()));
    let share = move |part: fn(&Viewport) -> f64| {
        move || {
            store
                .stage
                .viewport
                .with(|sight| format!("{:.4}%", part(sight) / sight.total_s * 100.0))
        }
    };
    let playhead = move || {
        let total_s = store.stage.viewport.with(|sight| sight.total_s);
        format!(
            "{:.4}%",
            (store.stage.playhead.get() / total_s).clamp(0.0, 1.0) * 100.0
        )
    };
    view! {
        <div class="overview" title=strings::OVERVIEW_HINT>
            <span class="overview-name" aria-hidden="true">{strings::OVERVIEW}</span>
            // Everything that it does, keys do as well.
            <div class="overview-strip" data-testid="overview" aria-hidden="true" node_ref=strip
                on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=up>
                <canvas node_ref=canvas></canvas>
                <div class="overview-window" data-testid="overview-window" style:left=share(|sight| sight.start_s)
                    style:width=share(|sight| sight.span_s)></div>
                <div class="overview-playhead" style:left=playhead></div>
            </div>
        </div>
    }
}

/// What lies under a pointer at `x`; outside of the window that comes to the pointer first.
fn take(sight: Viewport, x: f64, width: f64) -> (Held, Viewport) {
    let x_of = |time_s: f64| time_s / sight.total_s * width;
    let time_s = x / width * sight.total_s;
    let (start, end) = (x_of(sight.start_s), x_of(sight.end_s()));
    // All in sight: the nearer end is what can be moved.
    if (x - start).abs() <= END_PX && !(sight.is_whole() && x > width / 2.0) {
        return (Held::Start(sight.end_s()), sight);
    }
    if (x - end).abs() <= END_PX {
        return (Held::End(sight.start_s), sight);
    }
    let shown = if x < start || x > end {
        sight.panned(time_s - sight.start_s - sight.span_s / 2.0)
    } else {
        sight
    };
    (Held::Window(time_s - shown.start_s), shown)
}

fn draw(store: Store, canvas: NodeRef<html::Canvas>, size: RwSignal<(f64, f64)>) {
    let palette = StoredValue::new_local(Palette::default());
    let repaint = StoredValue::new_local(Repaint::new(move || {
        let Some(canvas) = canvas.get_untracked() else {
            return;
        };
        let (width, height) = size.get_untracked();
        let Some(context) = prepared(&canvas, width, height) else {
            return;
        };
        let scene = Scene {
            size: (width, height),
            view: store.view_now(),
            queue: store.queue.get_untracked(),
            sight: store.stage.viewport.get_untracked(),
            is_blind: store.bench.is_blind.get_untracked() && !untrack(|| store.is_live()),
        };
        palette.with_value(|palette| painter::paint(&context, &scene, palette));
    }));
    Effect::new(move |_| {
        store.theme.track();
        palette.set_value(Palette::read());
        repaint.with_value(Repaint::request);
    });
    // Not the place of the window: that moves without drawing anything anew.
    let total_s = Memo::new(move |_| store.stage.viewport.with(|sight| sight.total_s));
    Effect::new(move |_| {
        size.track();
        total_s.track();
        store.revision.track();
        store.queue.track();
        store.bench.is_blind.track();
        repaint.with_value(Repaint::request);
    });
}

fn set_up(store: Store, strip: NodeRef<html::Div>, size: RwSignal<(f64, f64)>) {
    let is_set_up = StoredValue::new(false);
    Effect::new(move |_| {
        let Some(strip) = strip.get().filter(|_| !is_set_up.get_value()) else {
            return;
        };
        is_set_up.set_value(true);
        follow_size(&strip, move |width, height| size.set((width, height)));
        // Directly on the element: a listener of the whole page may not keep the page from scrolling.
        let element = strip.clone();
        let listener = Closure::<dyn FnMut(WheelEvent)>::new(move |event: WheelEvent| {
            event.prevent_default();
            let factor = (event.delta_y() * WHEEL).exp();
            let x = event.client_x() - element.get_bounding_client_rect().left();
            let part = x / size.get_untracked().0.max(1.0);
            store.stage.viewport.update(|sight| {
                let at_s = part * sight.total_s;
                *sight = sight.zoomed(factor, at_s.clamp(sight.start_s, sight.end_s()));
            });
        });
        let _ = strip.add_event_listener_with_callback("wheel", listener.as_ref().unchecked_ref());
        listener.forget();
    });
}
