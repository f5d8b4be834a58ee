//! All that is said of a model on pictures.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use burn::tensor::Device;
use serde::Serialize;
use shared_model::calibration::{CALIBRATION_BINS, Calibration};
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::metrics::{ClassReport, ConfusionMatrix, Report};
use shared_model::model_file::ModelFile;

use crate::evaluate::pictures::picture_answer::{AnsweredFace, Look, PictureAnswer, answers};
use crate::evaluate::pictures::picture_selection::{MeasuredPicture, PictureSelection};
use crate::evaluate::pictures::resampling::{Answer, Intervals, report};
use crate::evaluate::report_table;
use crate::plots::confusion_picture::write_confusion_matrix_with_misses;
use crate::written_files::WrittenFiles;
use crate::{plots, stdout};

/// Unreadable pictures that are named; the others are counted.
const MOST_NAMED: usize = 10;
/// The file of all pictures' predictions in `--out`.
const PREDICTIONS: &str = "pictures.csv";
/// The file of the figures in `--out`.
pub const EVALUATION: &str = "evaluation.json";
/// The confusion matrix in `--out`, without its ending.
const CONFUSION: &str = "confusion-head";

/// Labels of the per-frame head compared with the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PictureFigures {
    /// Compared pictures.
    pub pictures: u64,
    /// Share of right labels.
    pub accuracy: f64,
    /// Unweighted mean of the recall of the classes that are there (`present`).
    pub mean_recall: f64,
    /// Unweighted mean of the eight F1; classes that are nowhere count as 0.
    pub macro_f1: f64,
    /// Unweighted mean of the F1 of the classes that are there.
    pub mean_f1_of_present_classes: f64,
    /// Cohen's kappa.
    pub kappa: f64,
    /// Names of the classes that the truth holds.
    pub present: Vec<&'static str>,
    /// Names of the classes that neither the truth nor the labels hold.
    pub absent: Vec<&'static str>,
    /// One entry a class, in index order.
    pub classes: Vec<ClassReport>,
    /// Pictures by true class and label.
    pub confusion: ConfusionMatrix,
    /// By true class, pictures without a label because no face was found in them: each counts as wrong.
    pub missed: [u64; CLASS_COUNT],
}

/// Figures over all pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PictureEvaluation {
    /// Of all pictures that could be read; one without a found face counts as wrong.
    #[serde(flatten)]
    pub figures: PictureFigures,
    /// Of the pictures with a found face alone.
    pub found_faces: PictureFigures,
    /// Expected calibration error of the per-frame head over the found faces; `None` where there is none.
    pub ece: Option<f64>,
    /// What it follows from.
    pub calibration: Calibration,
    /// Where each figure would lie with other people.
    pub intervals: Intervals,
    /// How many persons they show, where that is known.
    pub persons: Option<usize>,
    /// Where they are from.
    pub sources: Vec<String>,
    /// Whether each picture was taken as the face, without looking for one.
    pub whole_frame: bool,
    /// Whether colour was taken away.
    pub grey: bool,
    /// Pictures in which the labelled face was not found.
    pub without_face: usize,
    /// Pictures with several faces, of which one is labelled.
    pub with_several_faces: usize,
    /// Pictures that could not be read; left out.
    pub unreadable: usize,
    /// Pictures without a label that is used; left out.
    pub without_label: usize,
    #[serde(skip)]
    predictions: Vec<u8>,
}

impl PictureFigures {
    fn of(report: Report) -> Self {
        let there = report.classes.iter().filter(|class| class.support > 0);
        Self {
            pictures: report.frames,
            accuracy: report.accuracy,
            mean_recall: report.mean_recall,
            macro_f1: report.macro_f1,
            mean_f1_of_present_classes: report.mean_f1_of_present_classes,
            kappa: report.kappa,
            present: there.map(|class| class.class).collect(),
            absent: report.absent,
            classes: report.classes,
            confusion: report.confusion,
            missed: report.missed,
        }
    }
}

/// A picture that could be read, with what was said of it.
struct Seen<'a> {
    picture: &'a MeasuredPicture,
    faces: usize,
    face: Option<AnsweredFace>,
}

impl Seen<'_> {
    fn answer(&self) -> Answer {
        let label = self.face.as_ref().map(AnsweredFace::label);
        (self.picture.unit, self.picture.label, label)
    }
}

impl PictureEvaluation {
    /// Looks at all pictures and compares. Those that cannot be read are named on stderr.
    ///
    /// # Errors
    /// When the model does not fit, the device fails, or no picture can be read.
    pub fn measure(
        selection: &PictureSelection,
        model: &ModelFile,
        look: Look,
        device: &Device,
    ) -> Result<Self> {
        if selection.whole_in_config && !look.whole_frame {
            tracing::info!(
                "note: the config takes its pictures whole, and here the detector looks for the faces, as in `mien analyze`; \
                 `--whole-frame` takes them whole"
            );
        }
        let said = answers(&selection.pictures, model, look, device)?;
        let (mut seen, mut unreadable) = (Vec::with_capacity(said.len()), Vec::new());
        for (picture, answer) in selection.pictures.iter().zip(said) {
            match answer {
                PictureAnswer::Seen { faces, face } => seen.push(Seen { picture, faces, face }),
                PictureAnswer::Unreadable(message) => unreadable.push(message),
            }
        }
        for message in unreadable.iter().take(MOST_NAMED) {
            tracing::warn!("{message}; it is left out");
        }
        ensure!(
            !seen.is_empty(),
            "nothing can be compared: none of {} pictures can be read",
            unreadable.len()
        );
        Self::of(selection, &seen, unreadable.len(), look)
    }

    fn of(selection: &PictureSelection, seen: &[Seen<'_>], unreadable: usize, look: Look) -> Result<Self> {
        let all: Vec<Answer> = seen.iter().map(Seen::answer).collect();
        let found = || seen.iter().filter_map(|seen| Some((seen, seen.face?)));
        let calibration = Calibration::of(
            found().map(|(seen, face)| (face.top_probability(), face.label() == seen.picture.label)),
        );
        let intervals = Intervals::of(&all, selection.knows_persons());
        Ok(Self {
            figures: PictureFigures::of(report(&all)),
            found_faces: PictureFigures::of(report(all.iter().filter(|(.., label)| label.is_some()))),
            ece: calibration.ece,
            calibration,
            persons: selection.knows_persons().then_some(intervals.units),
            intervals,
            sources: selection.sources.clone(),
            whole_frame: look.whole_frame,
            grey: look.grey,
            without_face: seen.iter().filter(|seen| seen.face.is_none()).count(),
            with_several_faces: seen.iter().filter(|seen| seen.faces > 1).count(),
            unreadable,
            without_label: selection.without_label,
            predictions: table(seen)?,
        })
    }

    /// As text on stdout.
    pub fn print(&self) {
        self.print_counts();
        self.print_figures();
        stdout::line(format_args!(""));
        report_table::print_classes(&self.figures.classes, "pictures");
        report_table::print_confusion(&self.figures.confusion, self.figures.missed);
    }

    fn print_counts(&self) {
        let persons = match self.persons {
            Some(count) => format!(" of {count} persons"),
            None => String::new(),
        };
        let colour = if self.grey { ", made grey" } else { "" };
        let found_by = if self.whole_frame {
            "each taken whole"
        } else {
            "faces found by the detector"
        };
        stdout::line(format_args!(
            "{} pictures{persons}{colour} ({}); {found_by}; labels of the per-frame head",
            self.figures.pictures,
            self.sources.join(", ")
        ));
        if !self.whole_frame {
            stdout::line(format_args!(
                "no face found in {}: they count as wrong; several faces in {}: the large one near the middle counts",
                self.without_face, self.with_several_faces
            ));
        }
        if self.without_label > 0 || self.unreadable > 0 {
            stdout::line(format_args!(
                "left out: {} without a label that is used, {} that cannot be read",
                self.without_label, self.unreadable
            ));
        }
    }

    fn print_figures(&self) {
        let (all, found, ends) = (&self.figures, &self.found_faces, &self.intervals);
        let present = all.present.len();
        stdout::line(format_args!(
            "\n{:<38}{:>12}{:>18}{:>12}",
            "", "all pictures", "95% interval", "found faces"
        ));
        for (name, all, ends, found) in [
            ("accuracy".to_owned(), all.accuracy, ends.accuracy, found.accuracy),
            (
                format!("mean recall ({present} classes there)"),
                all.mean_recall,
                ends.mean_recall,
                found.mean_recall,
            ),
            (
                "macro F1 (all 8, absent as 0)".to_owned(),
                all.macro_f1,
                ends.macro_f1,
                found.macro_f1,
            ),
            (
                format!("mean F1 ({present} classes there)"),
                all.mean_f1_of_present_classes,
                ends.mean_f1_of_present_classes,
                found.mean_f1_of_present_classes,
            ),
        ] {
            let interval = format!("{:.4} to {:.4}", ends[0], ends[1]);
            stdout::line(format_args!("{name:<38}{all:>12.4}{interval:>18}{found:>12.4}"));
        }
        if let Some(ece) = self.ece {
            let name = format!("ECE of the head ({CALIBRATION_BINS} bins)");
            stdout::line(format_args!("{name:<38}{:>12}{:>18}{ece:>12.4}", "", ""));
        }
        stdout::line(format_args!(
            "there: {}\nintervals: {} samples of {} {}, drawn with replacement (seed {}), each with all classes that are there",
            all.present.join(", "),
            ends.resamples,
            ends.units,
            ends.resampled,
            ends.seed
        ));
    }

    /// The files of [`PictureEvaluation::write_files`], from its folder on.
    #[must_use]
    pub fn file_names() -> Vec<PathBuf> {
        let plots = plots::paths(Path::new(CONFUSION));
        std::iter::once(PathBuf::from(PREDICTIONS)).chain(plots).collect()
    }

    /// Writes the table of all pictures and the confusion matrix into `folder`, which is there.
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub fn write_files(&self, folder: &Path, files: &WrittenFiles) -> Result<()> {
        files.write(&folder.join(PREDICTIONS), &self.predictions)?;
        let figures = &self.figures;
        let title = format!(
            "per-frame head on {} pictures: accuracy {:.4}, macro F1 {:.4}",
            figures.pictures, figures.accuracy, figures.macro_f1
        );
        write_confusion_matrix_with_misses(
            &folder.join(CONFUSION),
            &title,
            &figures.confusion,
            figures.missed,
            &|path, bytes| files.write(path, bytes),
        )?;
        Ok(())
    }

    /// Writes `evaluation.json` and all of [`PictureEvaluation::write_files`].
    ///
    /// # Errors
    /// When a file cannot be written or replaced.
    pub fn write(&self, folder: &Path, files: &WrittenFiles) -> Result<()> {
        files.write(&folder.join(EVALUATION), &serde_json::to_vec_pretty(self)?)?;
        self.write_files(folder, files)
    }
}

/// A row a picture: a csv that is itself a list of labelled pictures.
fn table(seen: &[Seen<'_>]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed = [
        "path",
        "label",
        "person",
        "predicted",
        "faces",
        "x",
        "y",
        "w",
        "h",
    ];
    let classes = Expression::ALL.map(|class| format!("p_{}", class.name().to_lowercase()));
    writer.write_record(fixed.into_iter().chain(classes.iter().map(String::as_str)))?;
    for Seen { picture, faces, face } in seen {
        let mut row = vec![
            picture.picture.to_string(),
            picture.label.index().to_string(),
            picture.person.clone().unwrap_or_default(),
            face.map_or_else(String::new, |face| face.label().index().to_string()),
            faces.to_string(),
        ];
        match face {
            Some(AnsweredFace {
                face_box,
                probabilities,
            }) => {
                let place = [face_box.x, face_box.y, face_box.w, face_box.h];
                row.extend(place.map(|pixels| format!("{pixels:.2}")));
                // As many digits as it takes to read the same number back.
                row.extend(probabilities.map(|probability| probability.to_string()));
            }
            None => row.resize(fixed.len() + CLASS_COUNT, String::new()),
        }
        writer.write_record(row)?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
