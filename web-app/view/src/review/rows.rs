//! Reviewed labels in the rows that are exported.

use std::ops::Range;

use super::document::ReviewDocument;
use crate::label_view::LabelView;

/// Gives the rows of a track in `frames` the confirmed labels of the document; where there is none, none.
pub fn write_labels(view: &mut LabelView, document: &ReviewDocument, track: u32, frames: &Range<usize>) {
    let LabelView { rows, tracks, .. } = view;
    let Some(track) = tracks.iter().find(|view| view.track == track) else {
        return;
    };
    let frame_of = |index: &u32| rows.get(*index as usize).map_or(usize::MAX, |row| row.frame);
    let first = track
        .series
        .partition_point(|index| frame_of(index) < frames.start);
    let last = track.series.partition_point(|index| frame_of(index) < frames.end);
    let mut segments = document.touching(track.track, frames.clone()).peekable();
    for index in track.series.get(first..last).unwrap_or_default() {
        let Some(row) = rows.get_mut(*index as usize) else {
            continue;
        };
        while segments.next_if(|segment| segment.end <= row.frame).is_some() {}
        row.reviewed = segments
            .peek()
            .filter(|segment| segment.start <= row.frame && segment.confirmed)
            .map(|segment| segment.label);
    }
}

/// Gives all rows of a view their reviewed labels.
pub fn write_all(view: &mut LabelView, document: &ReviewDocument) {
    write_from(view, document, 0);
}

/// The same of the rows from a frame on.
pub fn write_from(view: &mut LabelView, document: &ReviewDocument, frame: usize) {
    let tracks: Vec<u32> = view.tracks.iter().map(|track| track.track).collect();
    for track in tracks {
        write_labels(view, document, track, &(frame..usize::MAX));
    }
}
