//! What goes into files of labels.

use leptos::prelude::*;
use shared_model::remark::{Remark, TimedRemark};
use shared_model::timeline::FrameRow;

use crate::remarks;
use crate::state::store::Store;

/// The rows, with the label in force where a file has room for one.
#[must_use]
pub fn chosen_rows(store: Store) -> Vec<FrameRow> {
    let view = store.view_now();
    store
        .bench
        .export_labels
        .get_untracked()
        .chosen(&view.rows)
        .into_owned()
}

/// What comes of notes, unsure segments and events with their times.
pub fn of_timed_remarks<T>(store: Store, act: impl FnOnce(&[TimedRemark<'_>]) -> T) -> T {
    let view = store.view_now();
    let remarks = untrack(|| remarks::all(store));
    act(&remarks.timed(&view.times, view.start_s()))
}

/// Whether there is such a remark on the frames that are there.
#[must_use]
pub fn has_remark(store: Store, is_such: impl Fn(&Remark) -> bool) -> bool {
    let frames = store.view_now().frame_count();
    let remarks = untrack(|| remarks::all(store));
    remarks
        .iter()
        .any(|remark| remark.start < frames && is_such(remark))
}
