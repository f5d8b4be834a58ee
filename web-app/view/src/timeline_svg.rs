//! The timeline as a picture that stands for itself: a scalable drawing with its legend.

use std::fmt::Write as _;
use std::rc::Rc;

use shared_model::expression::{CLASS_COUNT, Expression};

use crate::agreement::Side;
use crate::class_motif::{self, LINE, OPACITY, TILE};
use crate::clock;
use crate::comparison::LoadedLabels;
use crate::label_view::{LabelView, TrackView};
use crate::ruler;
use crate::samples::{Sample, Segment, samples, segments};
use crate::viewport::Viewport;

/// Width of the drawing in pixels.
pub const WIDTH: f64 = 1200.0;
const GUTTER: f64 = 110.0;
const STACK: f64 = 90.0;
const LANE: f64 = 18.0;
const GAP: f64 = 4.0;
const TOP: f64 = 46.0;
const LETTER: f64 = 6.6;

/// Colours of the classes, after Okabe and Ito as in the page's light theme, and of text on them.
const COLOURS: [(&str, &str); CLASS_COUNT] = [
    ("#a3abb2", "#15181b"),
    ("#d55e00", "#14100c"),
    ("#009e73", "#04140f"),
    ("#c46a9c", "#170a11"),
    ("#ecc32e", "#201a02"),
    ("#0072b2", "#ffffff"),
    ("#56b4e9", "#06151f"),
    ("#75583f", "#ffffff"),
];

/// Names that the drawing shows.
#[derive(Debug, Clone)]
pub struct Names {
    /// Heading.
    pub title: String,
    /// Raw, temporal, smoothed and reviewed lane.
    pub lanes: [&'static str; 4],
    /// What the people are called, in the order of the view's tracks.
    pub people: Vec<String>,
}

struct Drawing<'a> {
    out: String,
    view: &'a LabelView,
    sight: Viewport,
    y: f64,
}

/// Draws everything of the video: for each face the probabilities, its lanes, and the labels of open files.
#[must_use]
pub fn draw(view: &LabelView, files: &[Rc<LoadedLabels>], names: &Names) -> String {
    let end_s = view.end_s().max(1e-3);
    let mut drawing = Drawing {
        out: String::new(),
        view,
        sight: Viewport::whole(end_s, 1e-3),
        y: TOP,
    };
    drawing.ruler();
    for (place, track) in view.tracks.iter().enumerate() {
        let person = names.people.get(place).map_or("", String::as_str);
        drawing.track(track, person, files, names);
    }
    drawing.legend();
    let height = drawing.y + GAP;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\">\n<title>{title}</title>\n\
         <defs>{motifs}</defs><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"8\" y=\"18\" font-size=\"14\" font-weight=\"600\" fill=\"#1c2126\">{title}</text>\n{}</svg>\n",
        drawing.out,
        motifs = motifs(),
        title = escaped(&names.title),
    )
}

/// What `url(#class-N)` stands for: each class's colour with its motif.
#[must_use]
pub fn motifs() -> String {
    let mut out = String::new();
    for (class, (colour, on_colour)) in Expression::ALL.into_iter().zip(COLOURS) {
        let _ = write!(
            out,
            "<pattern id=\"class-{}\" width=\"{TILE}\" height=\"{TILE}\" patternUnits=\"userSpaceOnUse\">\
             <rect width=\"{TILE}\" height=\"{TILE}\" fill=\"{colour}\"/>\
             <path d=\"{}\" stroke=\"{on_colour}\" stroke-width=\"{LINE}\" opacity=\"{OPACITY}\"/></pattern>",
            class.index(),
            class_motif::path(class)
        );
    }
    out
}

impl Drawing<'_> {
    fn x(&self, time_s: f64) -> f64 {
        GUTTER + self.sight.x_of(time_s, WIDTH - GUTTER).clamp(0.0, WIDTH - GUTTER)
    }

    fn ruler(&mut self) {
        let end_s = self.sight.end_s();
        let step_s = ruler::step_s(end_s, WIDTH - GUTTER, 76.0);
        for index in 0..=((end_s / step_s) as usize) {
            let time_s = index as f64 * step_s;
            let x = self.x(time_s);
            let _ = writeln!(
                self.out,
                "<path d=\"M{x:.1} 34v8\" stroke=\"#8d949a\"/><text x=\"{:.1}\" y=\"32\" fill=\"#5a636b\">{}</text>",
                x + 2.0,
                clock::mark(time_s, step_s)
            );
        }
    }

    fn name(&mut self, text: &str, y: f64) {
        let shown: String = text.chars().take(16).collect();
        let _ = writeln!(
            self.out,
            "<text x=\"8\" y=\"{y:.1}\" fill=\"#5a636b\">{}</text>",
            escaped(&shown)
        );
    }

    fn track(&mut self, track: &TrackView, person: &str, files: &[Rc<LoadedLabels>], names: &Names) {
        let found = samples(self.view, track, &self.sight, WIDTH - GUTTER);
        self.name(person, self.y + 12.0);
        self.stack(&found);
        self.y += STACK + GAP;
        for (lane, name) in names.lanes.iter().enumerate().take(3) {
            let labels = found.iter().map(|sample| {
                (
                    sample.start_s,
                    sample.end_s,
                    sample.labels.get(lane).copied().flatten(),
                )
            });
            self.lane(name, &segments(labels));
        }
        let reviewed = self.spans(track, |row| Side::Reviewed.of_row(row));
        let [.., name] = names.lanes;
        self.lane(name, &reviewed);
        for file in files {
            let labels: Vec<_> = file
                .beside(self.view, track)
                .map(|(row, label)| {
                    let (start_s, end_s) = self.view.span_of(row.frame);
                    (start_s, end_s, label)
                })
                .collect();
            self.lane(&file.name, &segments(labels));
        }
        self.y += 2.0 * GAP;
    }

    fn spans(
        &self,
        track: &TrackView,
        label: impl Fn(&shared_model::timeline::FrameRow) -> Option<Expression>,
    ) -> Vec<Segment> {
        let rows = track
            .series
            .iter()
            .filter_map(|index| self.view.rows.get(*index as usize));
        segments(rows.map(|row| {
            let (start_s, end_s) = self.view.span_of(row.frame);
            (start_s, end_s, label(row))
        }))
    }

    /// Probabilities of all classes on top of one another.
    fn stack(&mut self, found: &[Sample]) {
        let mut below = vec![0.0_f64; found.len()];
        for class in 0..COLOURS.len() {
            let mut path = String::new();
            for (sample, low) in found.iter().zip(&mut below) {
                let share = f64::from(sample.mean.get(class).copied().unwrap_or(0.0));
                let (left, right) = (self.x(sample.start_s), self.x(sample.end_s));
                let top = self.y + STACK * (1.0 - (*low + share).min(1.0));
                if share > 0.002 {
                    let _ = write!(
                        path,
                        "M{left:.1} {top:.1}h{:.1}v{:.1}h{:.1}z",
                        right - left,
                        STACK * share,
                        left - right
                    );
                }
                *low += share;
            }
            let _ = writeln!(self.out, "<path d=\"{path}\" fill=\"url(#class-{class})\"/>");
        }
    }

    fn lane(&mut self, name: &str, found: &[Segment]) {
        self.name(name, self.y + 13.0);
        let _ = writeln!(
            self.out,
            "<rect x=\"{GUTTER}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{LANE}\" fill=\"#efeeea\"/>",
            self.y,
            WIDTH - GUTTER
        );
        for segment in found {
            let (left, right) = (self.x(segment.start_s), self.x(segment.end_s));
            let Some((colour, on_colour)) = COLOURS.get(segment.label.index()) else {
                continue;
            };
            let width = right - left;
            let name = segment.label.name();
            let _ = write!(
                self.out,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.2}\" height=\"{LANE}\" fill=\"url(#class-{})\"><title>{name}</title></rect>",
                self.y,
                width.max(0.3),
                segment.label.index()
            );
            if width > name.len() as f64 * LETTER + 8.0 {
                // Nothing crosses the letters.
                let _ = write!(
                    self.out,
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{LANE}\" fill=\"{colour}\"/>\
                     <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{on_colour}\">{name}</text>",
                    left + 2.0,
                    self.y,
                    name.len() as f64 * LETTER + 6.0,
                    left + 4.0,
                    self.y + 13.0
                );
            }
            self.out.push('\n');
        }
        self.y += LANE + GAP;
    }

    fn legend(&mut self) {
        let mut x = GUTTER;
        for class in Expression::ALL {
            let _ = writeln!(
                self.out,
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"url(#class-{})\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#1c2126\">{}</text>",
                self.y,
                class.index(),
                x + 16.0,
                self.y + 10.5,
                class.name()
            );
            x += 26.0 + class.name().len() as f64 * LETTER;
        }
        self.y += 16.0;
    }
}

/// Text as XML and HTML take it.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    #[test]
    fn an_hour_stays_a_small_file_and_a_name_cannot_break_it() {
        let mut timeline = Timeline::new();
        for frame in 0..90_000 {
            let face = TrackedFace {
                track: 0,
                face_box: FaceBox::whole(4, 4),
                raw: std::array::from_fn(|i| if i == frame / 9000 % 8 { 0.93 } else { 0.01 }),
                temporal: None,
            };
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 * 0.04,
                faces: vec![face],
            });
        }
        let view = LabelView::of(&timeline, Smoothing::NONE, 1);
        let names = Names {
            title: "a<b>&\"c\".mp4".into(),
            lanes: ["frame", "temporal", "smoothed", "reviewed"],
            people: vec!["Ada & Co".into()],
        };
        let text = draw(&view, &[], &names);
        assert!(text.contains(">Ada &amp; Co<"), "people by their names");
        assert!(text.len() < 1_500_000, "{}", text.len());
        assert!(text.contains("a&lt;b&gt;&amp;&quot;c&quot;.mp4"));
        // Ten stretches in the lanes of the head and of the window.
        assert_eq!(text.matches("<title>Anger</title>").count(), 4);
        // Each colour that fills something has its motif.
        for class in 0..8 {
            assert_eq!(text.matches(&format!("<pattern id=\"class-{class}\"")).count(), 1);
            assert!(text.matches(&format!("fill=\"url(#class-{class})\"")).count() >= 4);
        }
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
