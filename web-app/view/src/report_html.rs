//! A report on one page: figures and timeline in one file that needs nothing else.

use std::fmt::Write as _;

use shared_model::decisions::Decisions;
use shared_model::expression::Expression;
use shared_model::metrics::Report;
use shared_model::remark::{RemarkKind, Remarks};

use crate::agreement::classes_note;
use crate::class_seconds::ClassSeconds;
use crate::clock;
use crate::figure::three;
use crate::label_view::LabelView;
use crate::review::document::ReviewDocument;
use crate::timeline_svg::escaped;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:32px auto;max-width:1240px;padding:0 16px;color:#1c2126}\
h1{font-size:24px;margin:0}h2{font-size:17px;margin:28px 0 8px}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:3px 10px;text-align:right;border-bottom:1px solid #dcdad4}th:first-child,td:first-child{text-align:left}\
.notes th,.notes td{text-align:left}p{margin:4px 0;color:#5a636b}svg{max-width:100%;height:auto;border:1px solid #dcdad4}\
.figures{display:flex;gap:32px;margin:8px 0}.figures b{display:block;font-size:22px;color:#1c2126}";

/// Two lanes against each other, as the page showed them.
#[derive(Debug, Clone)]
pub struct ReportedAgreement {
    /// What is compared with what.
    pub heading: String,
    /// Over frames.
    pub report: Report,
    /// Kappa over segments, and what a segment is.
    pub segment_kappa: (f64, String),
}

/// What the report is about.
#[derive(Debug, Clone)]
pub struct Facts {
    /// File name of the video.
    pub video: String,
    /// Name of the model.
    pub model: String,
    /// Way of smoothing and window, in words.
    pub smoothing: String,
    /// Day of writing.
    pub written: String,
    /// What the audit found, in words; empty without one.
    pub audit: String,
    /// How labels were decided, in words; empty where none was.
    pub decided: String,
    /// What was noted, by time.
    pub remarks: Vec<ReportedRemark>,
}

/// A remark in words.
#[derive(Debug, Clone)]
pub struct ReportedRemark {
    /// When, in seconds from the first frame on.
    pub start_s: f64,
    /// Whose face; empty for an event.
    pub who: String,
    /// What was said.
    pub text: String,
}

/// The remarks on frames that the video has, in words. `called`: what people are called.
#[must_use]
pub fn reported_remarks(
    remarks: &Remarks,
    view: &LabelView,
    called: impl Fn(u32) -> String,
) -> Vec<ReportedRemark> {
    let timed = remarks.timed(&view.times, 0.0);
    timed
        .iter()
        .map(|timed| ReportedRemark {
            start_s: timed.start_s,
            who: timed.remark.track.map(&called).unwrap_or_default(),
            text: match timed.remark.kind {
                RemarkKind::Unsure => "not sure of the label".to_owned(),
                RemarkKind::Note => timed.remark.text.clone(),
                RemarkKind::Label => format!("label: {}", timed.remark.text),
                RemarkKind::Event => format!("event: {}", timed.remark.text),
            },
        })
        .collect()
}

/// Whether what the networks say was hidden while a person decided, in words; empty where nothing is decided.
#[must_use]
pub fn how_decided(document: &ReviewDocument) -> String {
    let Decisions { blind, seeing } = document.decisions();
    let labelled = document.segments().filter(|segment| segment.confirmed).count() as u64;
    let counted = blind.saturating_add(seeing);
    if labelled == 0 {
        return String::new();
    }
    let mut text = match (blind, seeing) {
        (0, 0) => {
            return "Whether predictions were hidden while labels were decided is not known.".to_owned();
        }
        (blind, 0) => format!("Blind: predictions were hidden at each of {blind} decisions."),
        (0, seeing) => format!("Not blind: predictions were in sight at each of {seeing} decisions."),
        (blind, _) => format!("Partly blind: predictions were hidden at {blind} of {counted} decisions."),
    };
    if labelled > counted {
        let _ = write!(
            text,
            " {labelled} segments are labelled: labels that came with files, and those that an older page kept, are not counted."
        );
    }
    text
}

/// The page; `timeline` is the drawing.
#[must_use]
pub fn write(
    facts: &Facts,
    view: &LabelView,
    agreement: Option<&ReportedAgreement>,
    timeline: &str,
) -> String {
    let body = body(facts, view, agreement, timeline);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escaped(&facts.video)
    )
}

/// What stands on the page, without its style.
#[must_use]
pub fn body(
    facts: &Facts,
    view: &LabelView,
    agreement: Option<&ReportedAgreement>,
    timeline: &str,
) -> String {
    let mut body = String::new();
    let _ = write!(
        body,
        "<h1>{}</h1>\n<p>{} frames, {}; model {}; {}; written {} by Mien</p>\n<h2>Timeline</h2>\n{timeline}\n",
        escaped(&facts.video),
        view.frame_count(),
        clock::precise(view.end_s()),
        escaped(&facts.model),
        escaped(&facts.smoothing),
        escaped(&facts.written),
    );
    body.push_str(&shares(view));
    if !facts.audit.is_empty() {
        let _ = writeln!(body, "<h2>Audit</h2>\n<p>{}</p>", escaped(&facts.audit));
    }
    if !facts.decided.is_empty() {
        let _ = writeln!(body, "<h2>Review</h2>\n<p>{}</p>", escaped(&facts.decided));
    }
    body.push_str(&noted(&facts.remarks));
    if let Some(agreement) = agreement {
        body.push_str(&figures(agreement));
    }
    body
}

fn noted(remarks: &[ReportedRemark]) -> String {
    if remarks.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<h2>Notes and events</h2>\n<table class=\"notes\"><tr><th>Time</th><th>Face</th><th>Note</th></tr>\n",
    );
    for remark in remarks {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            clock::precise(remark.start_s),
            escaped(&remark.who),
            escaped(&remark.text)
        );
    }
    out.push_str("</table>\n");
    out
}

/// How long each face shows each expression, and how much of it a person has confirmed.
fn shares(view: &LabelView) -> String {
    let mut out = String::from("<h2>Expressions</h2>\n<table><tr><th>Class</th>");
    for track in &view.tracks {
        let _ = write!(out, "<th>Face {}, s</th><th>%</th>", u64::from(track.track) + 1);
    }
    out.push_str("</tr>\n");
    let all: Vec<_> = view
        .tracks
        .iter()
        .map(|track| ClassSeconds::of(view, track))
        .collect();
    for class in Expression::ALL {
        let _ = write!(out, "<tr><td>{}</td>", class.name());
        for person in &all {
            let own = person.by_class.get(class.index()).copied().unwrap_or(0.0);
            let share = person.shares().get(class.index()).copied().unwrap_or(0.0);
            let _ = write!(out, "<td>{own:.2}</td><td>{:.1}</td>", share * 100.0);
        }
        out.push_str("</tr>\n");
    }
    let _ = writeln!(
        out,
        "</table>\n<p>{} of {} labelled faces in frames were confirmed by a person.</p>",
        all.iter().map(|person| person.confirmed).sum::<usize>(),
        all.iter().map(|person| person.frames).sum::<usize>()
    );
    out
}

fn figures(agreement: &ReportedAgreement) -> String {
    let ReportedAgreement {
        heading,
        report,
        segment_kappa: (kappa, unit),
    } = agreement;
    let mut out = format!(
        "<h2>Agreement</h2>\n<p>{}</p>\n<div class=\"figures\"><span><b>{}</b>macro F1</span><span><b>{}</b>accuracy</span>\
         <span><b>{}</b>kappa over frames</span><span><b>{}</b>kappa over segments</span></div>\n<p>{}</p>\n",
        escaped(heading),
        three(report.macro_f1),
        three(report.accuracy),
        three(report.kappa),
        three(*kappa),
        escaped(unit)
    );
    if let Some(note) = classes_note(report) {
        let _ = writeln!(out, "<p>{}</p>", escaped(&note));
    }
    out.push_str(
        "<table><tr><th>Class</th><th>Precision</th><th>Recall</th><th>F1</th><th>Frames</th></tr>\n",
    );
    for class in &report.classes {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            class.class,
            three(class.precision),
            three(class.recall),
            three(class.f1),
            class.support
        );
    }
    out.push_str("</table>\n<h2>Confusion (rows: truth)</h2>\n<table><tr><th></th>");
    for class in Expression::ALL {
        let _ = write!(out, "<th>{}</th>", class.name());
    }
    out.push_str("</tr>\n");
    for (class, counts) in Expression::ALL.into_iter().zip(report.confusion.counts) {
        let _ = write!(out, "<tr><td>{}</td>", class.name());
        for count in counts {
            let _ = write!(out, "<td>{count}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::metrics::ConfusionMatrix;
    use shared_model::reviewed_segment::ReviewedSegment;

    #[test]
    fn how_labels_were_decided_is_said_only_as_far_as_it_is_known() {
        let label = |confirmed| ReviewedSegment {
            track: 0,
            start: 0,
            end: 4,
            label: Expression::Fear,
            confirmed,
        };
        let said = |confirmed, blind, seeing| {
            let document = ReviewDocument::from_segments(&[label(confirmed)]).unwrap();
            how_decided(&document.with_decisions(Decisions { blind, seeing }))
        };
        assert_eq!(said(false, 2, 0), "", "a cut alone is no label");
        assert!(said(true, 0, 0).ends_with("is not known."));
        assert!(said(true, 3, 0).starts_with("Blind: ") && said(true, 0, 3).starts_with("Not blind: "));
        assert!(said(true, 1, 3).contains("hidden at 1 of 4"));
        // Labels of a file beside one that was decided here.
        let labels = [
            label(true),
            ReviewedSegment {
                start: 9,
                end: 12,
                ..label(true)
            },
        ];
        let document = ReviewDocument::from_segments(&labels).unwrap();
        let text = how_decided(&document.with_decisions(Decisions { blind: 1, seeing: 0 }));
        assert!(text.contains("2 segments are labelled"), "{text}");
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let facts = Facts {
            video: "<script>alert(1)</script>.mp4".into(),
            model: "tiny".into(),
            smoothing: "Sliding".into(),
            written: "today".into(),
            audit: "Audit: 1 < 2".into(),
            decided: String::new(),
            remarks: vec![ReportedRemark {
                start_s: 61.5,
                who: "<b>Ada".into(),
                text: "a & b".into(),
            }],
        };
        let agreement = ReportedAgreement {
            heading: "a against b".into(),
            report: ConfusionMatrix::from_pairs([(Expression::Fear, Expression::Fear)]).report(),
            segment_kappa: (0.25, "windows of 1 s".into()),
        };
        let text = write(&facts, &LabelView::default(), Some(&agreement), "<svg></svg>");
        assert!(!text.contains("<script") && !text.contains("src=") && !text.contains("href="));
        assert!(text.contains("<p>Audit: 1 &lt; 2</p>"));
        assert!(text.contains("<td>1:01.50</td><td>&lt;b&gt;Ada</td><td>a &amp; b</td>"));
        assert!(text.contains("0.250") && text.contains("<svg></svg>"));
    }
}
