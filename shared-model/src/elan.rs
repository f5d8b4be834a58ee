//! ELAN's annotation format (EAF 3.0): a tier of labels for each face and one for each lane that they come from, an annotation for each run of
//! equal labels; and tiers of what a person noted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::expression::Expression;
use crate::label_runs::{LabelRun, label_runs, lane_runs};
use crate::remark::{RemarkKind, TimedRemark};
use crate::timeline::FrameRow;

/// What stands behind a face's name in the tiers of its lanes. `reviewed` holds what a person has confirmed, and nothing else.
pub const LANE_TIERS: [&str; 4] = ["frame", "temporal", "smoothed", "reviewed"];

/// Linguistic type of the tiers that hold remarks. Tiers of this type hold no labels, whatever stands in them.
pub const REMARK_TYPE: &str = "remark";

/// What stands in a tier.
struct Tier {
    name: String,
    linguistic_type: &'static str,
    annotations: Vec<Annotation>,
}

/// Start and end in milliseconds, and the text.
struct Annotation {
    start: u64,
    end: u64,
    value: String,
}

/// Writes for each face a tier `Face N` with its reviewed, else smoothed labels, and behind it a tier for each lane that has labels:
/// `Face N frame`, `Face N temporal`, `Face N smoothed` and `Face N reviewed`; then `Face N notes`, `Face N unsure` and `Face N labels` (of the
/// person's own set) where a person has said something, and `Events`. `video` is the file's name, which ELAN looks for beside the annotation; `end_s` the video's end in seconds;
/// `written_unix_s` the time of writing in seconds since 1970.
#[must_use]
pub fn write(
    video: &str,
    rows: &[FrameRow],
    remarks: &[TimedRemark<'_>],
    end_s: f64,
    written_unix_s: u64,
) -> String {
    let mut tiers = label_tiers(rows, end_s);
    tiers.extend(remark_tiers(remarks));
    let count: usize = tiers.iter().map(|tier| tier.annotations.len()).sum();
    let mut out = header(video, count, written_unix_s);
    out.push_str("  <TIME_ORDER>\n");
    let annotations = tiers.iter().flat_map(|tier| &tier.annotations);
    for (number, annotation) in (1..).step_by(2).zip(annotations) {
        for (slot, time) in [(number, annotation.start), (number + 1, annotation.end)] {
            let _ = writeln!(
                out,
                "    <TIME_SLOT TIME_SLOT_ID=\"ts{slot}\" TIME_VALUE=\"{time}\"/>"
            );
        }
    }
    out.push_str("  </TIME_ORDER>\n");
    let mut number = 0;
    for tier in &tiers {
        let _ = writeln!(
            out,
            "  <TIER LINGUISTIC_TYPE_REF=\"{}\" TIER_ID=\"{}\">",
            tier.linguistic_type, tier.name
        );
        for annotation in &tier.annotations {
            number += 1;
            let (first, second) = (2 * number - 1, 2 * number);
            let _ = write!(
                out,
                "    <ANNOTATION>\n      <ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{number}\" \
                 TIME_SLOT_REF1=\"ts{first}\" TIME_SLOT_REF2=\"ts{second}\">\n        \
                 <ANNOTATION_VALUE>{}</ANNOTATION_VALUE>\n      </ALIGNABLE_ANNOTATION>\n    </ANNOTATION>\n",
                escape(&annotation.value)
            );
        }
        out.push_str("  </TIER>\n");
    }
    out.push_str(&vocabulary());
    out.push_str("</ANNOTATION_DOCUMENT>\n");
    out
}

/// A face's tiers, in the order of its lanes: first the labels that count.
fn label_tiers(rows: &[FrameRow], end_s: f64) -> Vec<Tier> {
    let mut tiers: BTreeMap<(u32, usize), Vec<LabelRun>> = BTreeMap::new();
    let lanes: [fn(&FrameRow) -> Option<Expression>; 4] = [
        |row| row.raw,
        |row| row.temporal,
        |row| row.smoothed,
        |row| row.reviewed,
    ];
    let lanes = lanes.map(|label_of| lane_runs(rows, end_s, label_of));
    for (place, runs) in [label_runs(rows, end_s)].into_iter().chain(lanes).enumerate() {
        for run in runs {
            tiers.entry((run.track, place)).or_default().push(run);
        }
    }
    let tier = |((track, place), runs): ((u32, usize), Vec<LabelRun>)| {
        let lane = place.checked_sub(1).and_then(|lane| LANE_TIERS.get(lane));
        let lane = lane.map(|lane| format!(" {lane}")).unwrap_or_default();
        let annotation = |run: &LabelRun| {
            let (start, end) = milliseconds(run.start_s, run.end_s);
            let value = run.label.name().to_owned();
            Annotation { start, end, value }
        };
        Tier {
            name: format!("Face {}{lane}", u64::from(track) + 1),
            linguistic_type: "expression",
            annotations: runs.iter().map(annotation).collect(),
        }
    };
    tiers.into_iter().map(tier).collect()
}

/// What a person noted, by face and kind, then the events.
fn remark_tiers(remarks: &[TimedRemark<'_>]) -> Vec<Tier> {
    let mut tiers: BTreeMap<(Option<u32>, RemarkKind), Vec<Annotation>> = BTreeMap::new();
    for timed in remarks {
        let (start, end) = milliseconds(timed.start_s, timed.end_s);
        let value = match timed.remark.kind {
            RemarkKind::Unsure => timed.remark.kind.name().to_owned(),
            RemarkKind::Note | RemarkKind::Label | RemarkKind::Event => timed.remark.text.clone(),
        };
        let tier = tiers.entry((timed.remark.track, timed.remark.kind)).or_default();
        match tier.last_mut() {
            // Annotations of a tier cannot lie over each other.
            Some(last) if last.start == start => {
                last.end = last.end.max(end);
                if last.value != value {
                    last.value = format!("{}; {value}", last.value);
                }
            }
            last => {
                if let Some(last) = last {
                    last.end = last.end.min(start);
                }
                tier.push(Annotation { start, end, value });
            }
        }
    }
    // Events are of nobody, and stand last.
    let (events, of_faces): (Vec<_>, Vec<_>) = tiers.into_iter().partition(|((track, _), _)| track.is_none());
    let name = |track: Option<u32>, kind| match (track, kind) {
        (None, _) => "Events".to_owned(),
        (Some(track), RemarkKind::Unsure) => format!("Face {} unsure", u64::from(track) + 1),
        (Some(track), RemarkKind::Label) => format!("Face {} labels", u64::from(track) + 1),
        (Some(track), _) => format!("Face {} notes", u64::from(track) + 1),
    };
    of_faces
        .into_iter()
        .chain(events)
        .map(|((track, kind), annotations)| Tier {
            name: name(track, kind),
            linguistic_type: REMARK_TYPE,
            annotations,
        })
        .collect()
}

/// Start and end in whole milliseconds, at least one apart.
fn milliseconds(start_s: f64, end_s: f64) -> (u64, u64) {
    let rounded = |seconds: f64| (seconds.max(0.0) * 1000.0).round() as u64;
    let start = rounded(start_s);
    (start, rounded(end_s).max(start + 1))
}

fn header(video: &str, annotations: usize, written_unix_s: u64) -> String {
    let video = escape(video);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ANNOTATION_DOCUMENT AUTHOR=\"Mien\" DATE=\"{}\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">\n  \
         <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n    \
         <MEDIA_DESCRIPTOR MEDIA_URL=\"file:{video}\" MIME_TYPE=\"{}\" RELATIVE_MEDIA_URL=\"./{video}\"/>\n    \
         <PROPERTY NAME=\"lastUsedAnnotationId\">{annotations}</PROPERTY>\n  </HEADER>\n",
        date_time(written_unix_s),
        mime_type(&video),
    )
}

/// The types of tiers, and the classes as ELAN's pick list.
fn vocabulary() -> String {
    let mut out = String::from(
        "  <LINGUISTIC_TYPE CONTROLLED_VOCABULARY_REF=\"expressions\" GRAPHIC_REFERENCES=\"false\" \
         LINGUISTIC_TYPE_ID=\"expression\" TIME_ALIGNABLE=\"true\"/>\n  \
         <LINGUISTIC_TYPE GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"remark\" TIME_ALIGNABLE=\"true\"/>\n  \
         <LANGUAGE LANG_DEF=\"http://cdb.iso.org/lg/CDB-00138502-001\" LANG_ID=\"eng\" LANG_LABEL=\"English (eng)\"/>\n  \
         <CONTROLLED_VOCABULARY CV_ID=\"expressions\">\n    \
         <DESCRIPTION LANG_REF=\"eng\">Expression classes of Aff-Wild2</DESCRIPTION>\n",
    );
    for class in Expression::ALL {
        let _ = write!(
            out,
            "    <CV_ENTRY_ML CVE_ID=\"cve{}\">\n      \
             <CVE_VALUE DESCRIPTION=\"\" LANG_REF=\"eng\">{}</CVE_VALUE>\n    </CV_ENTRY_ML>\n",
            class.index(),
            class.name()
        );
    }
    out.push_str("  </CONTROLLED_VOCABULARY>\n");
    out
}

fn mime_type(video: &str) -> &'static str {
    let ending = video.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    match ending.as_str() {
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "mpg" | "mpeg" => "video/mpeg",
        _ => "unknown",
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no way to say these.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// ISO 8601 in UTC. Days to a civil date in the proleptic Gregorian calendar: years begin in March,
/// so that the leap day is the last of its year.
fn date_time(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    // Days since 1 March of the year 0, and the place in the era of 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remark::Remarks;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // GNU date -u -d @N.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00+00:00"),
            (951_782_399, "2000-02-28T23:59:59+00:00"),
            (951_782_400, "2000-02-29T00:00:00+00:00"),
            (1_735_689_599, "2024-12-31T23:59:59+00:00"),
            (4_107_542_400, "2100-03-01T00:00:00+00:00"),
        ] {
            assert_eq!(date_time(seconds), expected);
        }
    }

    #[test]
    fn runs_become_annotations_between_time_slots() {
        let row = |frame: usize, label| FrameRow {
            track: Some(1),
            smoothed: Some(label),
            reviewed: (frame == 2).then_some(Expression::Sadness),
            ..FrameRow::without_face(frame, frame as f64 * 0.04)
        };
        let rows = [
            row(0, Expression::Fear),
            row(1, Expression::Fear),
            row(2, Expression::Anger),
        ];
        let text = write("a & \"b\".mp4", &rows, &[], 0.12, 0);
        assert!(text.contains("TIER_ID=\"Face 2\""));
        assert!(text.contains("RELATIVE_MEDIA_URL=\"./a &amp; &quot;b&quot;.mp4\""));
        assert!(text.contains("TIME_SLOT_ID=\"ts2\" TIME_VALUE=\"80\""));
        assert!(text.contains("TIME_SLOT_REF1=\"ts3\" TIME_SLOT_REF2=\"ts4\""));
        let values_of = |tier: &str| -> Vec<&str> {
            let from = text.split(&format!("TIER_ID=\"{tier}\">")).nth(1).unwrap();
            let own = from.split("</TIER>").next().unwrap();
            let values = own.split("<ANNOTATION_VALUE>").skip(1);
            values.map(|rest| rest.split('<').next().unwrap()).collect()
        };
        assert_eq!(values_of("Face 2"), ["Fear", "Sadness"]);
        assert_eq!(values_of("Face 2 smoothed"), ["Fear", "Anger"]);
        assert_eq!(values_of("Face 2 reviewed"), ["Sadness"]);
        assert!(
            !text.contains("Face 2 temporal"),
            "a lane without labels has no tier"
        );
        assert_eq!(text.matches("<ANNOTATION_VALUE>").count(), 5);
        assert_eq!(text.matches("<CVE_VALUE").count(), 8);
    }

    #[test]
    fn remarks_have_tiers_in_which_nothing_overlaps() {
        let remarks = Remarks::default()
            .with_note(1, 0..3, "hand <before> the face")
            .with_note(1, 2..4, "gone")
            .with_unsure(1, 0..2, true)
            .with_event(1, "bell")
            .with_event(1, "door");
        let times = [0.0, 0.04, 0.08, 0.12];
        let text = write("a.mp4", &[], &remarks.timed(&times, 1.0), 0.16, 0);
        let file = roxmltree::Document::parse(&text).unwrap();
        let slots: BTreeMap<&str, u64> = file
            .descendants()
            .filter(|node| node.has_tag_name("TIME_SLOT"))
            .map(|slot| {
                let time = slot.attribute("TIME_VALUE").unwrap().parse().unwrap();
                (slot.attribute("TIME_SLOT_ID").unwrap(), time)
            })
            .collect();
        let tiers: Vec<_> = file
            .descendants()
            .filter(|node| node.has_tag_name("TIER"))
            .map(|tier| {
                assert_eq!(tier.attribute("LINGUISTIC_TYPE_REF"), Some(REMARK_TYPE));
                let annotations = tier
                    .descendants()
                    .filter(|node| node.has_tag_name("ALIGNABLE_ANNOTATION"));
                let all: Vec<_> = annotations
                    .map(|node| {
                        let time = |slot| slots[node.attribute(slot).unwrap()];
                        let value = node
                            .descendants()
                            .find_map(|node| node.text().filter(|t| !t.trim().is_empty()));
                        (time("TIME_SLOT_REF1"), time("TIME_SLOT_REF2"), value.unwrap())
                    })
                    .collect();
                (tier.attribute("TIER_ID").unwrap(), all)
            })
            .collect();
        assert_eq!(
            tiers,
            [
                (
                    "Face 2 notes",
                    vec![(1000, 1080, "hand <before> the face"), (1080, 1160, "gone")]
                ),
                ("Face 2 unsure", vec![(1000, 1080, "unsure")]),
                ("Events", vec![(1040, 1080, "bell; door")]),
            ]
        );
    }
}
