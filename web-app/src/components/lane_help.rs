//! What each lane of labels is, one sentence behind a question mark beside its name.

use leptos::prelude::*;

use crate::state::store::Store;
use crate::strings;
use page_view::timeline_layout::{self as layout, Band, Density, Group};

/// Least room for a question mark in CSS pixels.
const MARK: f64 = 14.0;

/// A lane in sight.
#[derive(Debug, Clone, PartialEq)]
struct Lane {
    help: String,
    /// Middle of its mark, from the top of the timeline.
    y: f64,
}

#[component]
pub fn LaneHelp(
    /// Where the lanes lie.
    groups: Memo<Vec<Group>>,
    /// Place of the group whose lanes are all shown.
    open: Memo<Option<usize>>,
    /// How far the timeline is scrolled in CSS pixels.
    scroll: RwSignal<f64>,
    /// Width and height of the timeline in CSS pixels.
    size: RwSignal<(f64, f64)>,
) -> impl IntoView {
    let store = Store::of_page();
    let shown = RwSignal::new(None::<usize>);
    let lanes = Memo::new(move |_| {
        let has_rows = !store.view().tracks.is_empty();
        let (_, height) = size.get();
        if !has_rows {
            return Vec::new();
        }
        let group = groups.with(|groups| groups.get(open.get().unwrap_or(0)).cloned());
        let lanes = group.map(|group| lanes_of(store, &group)).unwrap_or_default();
        let on_screen = lanes.into_iter().map(|(help, band)| Lane {
            help,
            y: band.y + band.h / 2.0 - scroll.get(),
        });
        on_screen
            .filter(|lane| lane.y - MARK / 2.0 >= layout::RULER && lane.y + MARK / 2.0 <= height)
            .collect::<Vec<_>>()
    });
    let mark = move |place: usize, lane: Lane| {
        let is_open = move || shown.get() == Some(place);
        let turn = move |_| shown.update(|shown| *shown = (*shown != Some(place)).then_some(place));
        // A click takes the focus away by itself.
        let left = move |_| {
            if !store.bench.is_pointing.get_value() {
                shown.set(None);
            }
        };
        view! {
            <button type="button" class="lane-mark" data-testid="lane-help" title=lane.help.clone() aria-label=lane.help.clone()
                aria-expanded=move || is_open().to_string() style:top=format!("{}px", lane.y)
                on:click=turn on:blur=left on:mouseleave=move |_| shown.set(None)>"?"</button>
            <p class="lane-said" class:is-on=is_open aria-hidden="true" style:top=format!("{}px", lane.y)>{lane.help}</p>
        }
    };
    let is_roomy = move || Density::of(size.get().0) == Density::Roomy;
    view! {
        <div class="lane-help" class:is-roomy=is_roomy>
            {move || lanes.get().into_iter().enumerate().map(|(place, lane)| mark(place, lane)).collect_view()}
        </div>
    }
}

fn lanes_of(store: Store, group: &Group) -> Vec<(String, Band)> {
    let labels = strings::LANES_HELP.into_iter().zip(group.lanes);
    let mut lanes: Vec<_> = labels
        .filter_map(|(help, band)| Some((help.to_owned(), band?)))
        .collect();
    lanes.push((strings::REVIEWED_HELP.to_owned(), group.reviewed));
    store.analysis.with_value(|analysis| {
        let files = analysis.label_files.iter().zip(&group.files);
        lanes.extend(files.map(|(file, band)| (strings::file_lane_help(&file.name), *band)));
    });
    lanes
}
