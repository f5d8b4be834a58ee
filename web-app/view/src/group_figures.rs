//! Several videos side by side: what part of the time each person shows each expression, as a table and as a drawing.

use std::fmt::Write as _;

use shared_model::expression::{CLASS_COUNT, Expression};

use crate::class_seconds::ClassSeconds;
use crate::timeline_svg::{escaped, motifs};

const WIDTH: f64 = 900.0;
const GUTTER: f64 = 260.0;
const TOP: f64 = 34.0;
const BAR: f64 = 18.0;
const ROW: f64 = 24.0;
/// Characters of a name that the drawing has room for.
const SHOWN: usize = 40;

/// One person in one video, or in the part of it from one event to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// File name of the video.
    pub video: String,
    /// What the person is called.
    pub person: String,
    /// The event with which the part begins; empty for the whole video.
    pub marker: String,
    /// How long which class is shown.
    pub seconds: ClassSeconds,
}

impl GroupRow {
    /// Whether it is of the whole video.
    fn is_whole(&self) -> bool {
        self.marker.is_empty()
    }
}

/// The table: a line for each video, person, class and, where there are events, for each part of the video. Statistics programs read it as it is;
/// lines of whole videos have no `marker`.
///
/// # Errors
/// When a line cannot be written, which memory always can.
pub fn csv(rows: &[GroupRow]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["video", "person", "class", "seconds", "share", "marker"])?;
    for row in rows {
        let shares = row.seconds.shares();
        for ((class, seconds), share) in Expression::ALL.iter().zip(row.seconds.by_class).zip(shares) {
            let (seconds, share) = (format!("{seconds:.3}"), format!("{share:.5}"));
            writer.write_record([
                &row.video,
                &row.person,
                class.name(),
                &seconds,
                &share,
                &row.marker,
            ])?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The mean of the shares of whole videos, each row as much as any other; all 0 without labelled rows.
#[must_use]
pub fn mean_shares(rows: &[GroupRow]) -> [f64; CLASS_COUNT] {
    let labelled: Vec<_> = rows
        .iter()
        .filter(|row| row.is_whole() && row.seconds.total() > 0.0)
        .collect();
    let mut mean = [0.0; CLASS_COUNT];
    for row in &labelled {
        for (sum, share) in mean.iter_mut().zip(row.seconds.shares()) {
            *sum += share / labelled.len() as f64;
        }
    }
    mean
}

/// The drawing: a bar for each person of each video, and one for the mean of them.
#[must_use]
pub fn svg(rows: &[GroupRow], mean_name: &str) -> String {
    let mut out = String::new();
    let mut y = TOP;
    for row in rows {
        let name = if row.is_whole() {
            format!("{}, {}", row.video, row.person)
        } else {
            format!("\u{2003}{}, {}", row.person, row.marker)
        };
        bar(&mut out, y, &name, row.seconds.shares());
        y += ROW;
    }
    if rows.iter().filter(|row| row.is_whole()).count() > 1 {
        y += ROW / 3.0;
        bar(&mut out, y, mean_name, mean_shares(rows));
        y += ROW;
    }
    legend(&mut out);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y:.0}\" width=\"{WIDTH}\" height=\"{y:.0}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\">\n<defs>{}</defs>\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{out}</svg>\n",
        motifs()
    )
}

fn bar(out: &mut String, y: f64, name: &str, shares: [f64; CLASS_COUNT]) {
    let shown: String = name.chars().take(SHOWN).collect();
    let _ = writeln!(
        out,
        "<text x=\"8\" y=\"{:.1}\" fill=\"#1c2126\">{}</text>",
        y + 13.0,
        escaped(&shown)
    );
    let mut x = GUTTER;
    for (class, share) in Expression::ALL.into_iter().zip(shares) {
        let width = share * (WIDTH - GUTTER - 8.0);
        if width > 0.0 {
            let _ = writeln!(
                out,
                "<rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{BAR}\" fill=\"url(#class-{})\">\
                 <title>{} {:.1} %</title></rect>",
                class.index(),
                class.name(),
                100.0 * share
            );
        }
        x += width;
    }
}

fn legend(out: &mut String) {
    let mut x = 8.0;
    for class in Expression::ALL {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"10\" width=\"12\" height=\"12\" fill=\"url(#class-{})\"/>\
             <text x=\"{:.1}\" y=\"20.5\" fill=\"#1c2126\">{}</text>",
            class.index(),
            x + 16.0,
            class.name()
        );
        x += 110.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(video: &str, by_class: [f64; CLASS_COUNT]) -> GroupRow {
        GroupRow {
            video: video.into(),
            person: "Ana, the first".into(),
            marker: String::new(),
            seconds: ClassSeconds {
                by_class,
                confirmed: 0,
                frames: 1,
            },
        }
    }

    #[test]
    fn each_video_counts_as_much_as_any_other_in_the_mean() {
        let mut long = [0.0; CLASS_COUNT];
        long[0] = 3600.0;
        let mut short = [0.0; CLASS_COUNT];
        short[3] = 1.0;
        let rows = [
            row("a.mp4", long),
            row("b.mp4", short),
            row("no face.mp4", [0.0; 8]),
        ];
        let mean = mean_shares(&rows);
        assert_eq!((mean[0], mean[3]), (0.5, 0.5));
        assert!((mean.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(mean_shares(&[]), [0.0; CLASS_COUNT]);
        // Parts of a video count once, with the whole.
        let part = GroupRow {
            marker: "bell".into(),
            ..rows[0].clone()
        };
        let with_part = [rows.as_slice(), &[part]].concat();
        assert_eq!(mean_shares(&with_part), mean);
        let table = csv(&with_part).unwrap();
        assert!(table.lines().last().unwrap().ends_with(",bell"));
        assert!(svg(&with_part, "Mean").contains("Ana, the first, bell"));
    }

    #[test]
    fn the_table_keeps_names_with_commas_and_its_shares_sum_to_one() {
        let seconds = [1.0, 0.0, 0.5, 0.0, 0.25, 0.0, 0.0, 0.25];
        let text = csv(&[row("a,\"b\".mp4", seconds)]).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), CLASS_COUNT);
        assert!(
            records
                .iter()
                .all(|record| &record[0] == "a,\"b\".mp4" && &record[1] == "Ana, the first")
        );
        let sum: f64 = records
            .iter()
            .map(|record| record[4].parse::<f64>().unwrap())
            .sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }

    #[test]
    fn bars_fill_the_room_and_no_name_breaks_the_drawing() {
        let mut seconds = [0.0; CLASS_COUNT];
        seconds[1] = 2.0;
        let text = svg(&[row("<a>&.mp4", seconds), row("b.mp4", [1.0; 8])], "Mean");
        assert!(text.contains("&lt;a&gt;&amp;.mp4"));
        assert!(text.contains("<title>Anger 100.0 %</title>"));
        assert!(text.contains(">Mean</text>") && text.contains("<title>Anger 56.2 %</title>"));
        assert!(!text.contains("NaN"));
        assert!(!svg(&[], "Mean").contains(">Mean<"));
    }
}
