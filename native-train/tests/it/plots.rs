//! Plots come out as readable SVG and PNG, without any font of the system.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use native_train::atomic_file;
use native_train::plots::confusion_picture::write_confusion_matrix;
use native_train::plots::line_chart::{Line, LineChart};
use shared_model::expression::Expression;
use shared_model::metrics::ConfusionMatrix;

fn ink(picture: &image::RgbImage, color: impl Fn([u8; 3]) -> bool) -> usize {
    picture.pixels().filter(|pixel| color(pixel.0)).count()
}

#[test]
fn a_confusion_matrix_shows_names_counts_and_shades() {
    let folder = tempfile::tempdir().unwrap();
    let mut matrix = ConfusionMatrix::default();
    (0..1234).for_each(|_| matrix.add(Expression::Fear, Expression::Fear));
    (0..17).for_each(|_| matrix.add(Expression::Anger, Expression::Other));
    let [svg, png] = write_confusion_matrix(
        &folder.path().join("a.b"),
        "title & more",
        &matrix,
        &atomic_file::write,
    )
    .unwrap();
    assert_eq!(svg.file_name().unwrap(), "a.b.svg");
    let text = std::fs::read_to_string(svg).unwrap();
    for word in Expression::ALL
        .map(Expression::name)
        .into_iter()
        .chain(["1234", "17", "title &amp; more"])
    {
        assert!(text.contains(word), "{word}");
    }
    let picture = image::open(png).unwrap().into_rgb8();
    // Two cells are wholly of one prediction and dark; the others are light. Letters are black.
    let dark = ink(&picture, |[r, g, b]| (r, g, b) == (20, 60, 130));
    assert!((2 * 60 * 60..2 * 72 * 72).contains(&dark), "{dark}");
    assert!(ink(&picture, |[r, g, b]| r < 30 && g < 30 && b < 30) > 500);
}

#[test]
fn a_line_chart_leaves_out_what_is_not_finite_and_survives_emptiness() {
    let folder = tempfile::tempdir().unwrap();
    let mut chart = LineChart {
        title: "loss".to_owned(),
        x_label: "step".to_owned(),
        y_label: "cross-entropy".to_owned(),
        lines: Vec::new(),
    };
    chart
        .write(&folder.path().join("empty"), &atomic_file::write)
        .unwrap();
    let line = |name: &str, points: Vec<(f64, f64)>| Line {
        name: name.to_owned(),
        points,
    };
    chart.lines.push(line("constant", vec![(0.0, 2.0), (1.0, 2.0)]));
    chart.lines.push(line(
        "broken",
        vec![(0.0, f64::NAN), (1.0, 1.0), (2.0, f64::INFINITY)],
    ));
    let [svg, png] = chart
        .write(&folder.path().join("full"), &atomic_file::write)
        .unwrap();
    let text = std::fs::read_to_string(svg).unwrap();
    for word in ["loss", "step", "cross-entropy", "constant", "broken"] {
        assert!(text.contains(word), "{word}");
    }
    let picture = image::open(png).unwrap().into_rgb8();
    assert!(ink(&picture, |[r, g, b]| (r, g, b) != (255, 255, 255)) > 1000);
}
