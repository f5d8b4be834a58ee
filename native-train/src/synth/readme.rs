//! The note that lies in every rendered folder.

use std::fmt::Write as _;

use shared_model::expression::{CLASS_COUNT, Expression};

use crate::synth::spec::{SynthSpec, SynthSummary};

/// What the folder is, how it was made, and what figures on it mean.
#[must_use]
pub fn readme(spec: &SynthSpec, summary: &SynthSummary) -> String {
    let mut text = String::from(
        "# Rendered faces\n\n\
         Made by `mien synth`. Nobody is shown here: heads are MakeHuman's mesh and targets and the Face Units\n\
         asset pack (CC0 1.0), expressions are recipes of FACS action units. Figures measured on these pictures\n\
         say how well our own recipes are recovered. They say nothing about recognising people's expressions.\n\n",
    );
    let skins = if spec.skins.is_some() {
        "from a folder"
    } else {
        "painted by rule"
    };
    let _ = writeln!(
        text,
        "Seed {}, {} labelled and {} unlabelled stills, {} + {} videos of {} s at {} frames a second, {} pixels, skins {skins}.\n",
        spec.seed,
        spec.images,
        spec.unlabelled,
        spec.videos_train,
        spec.videos_validation,
        spec.seconds,
        spec.fps,
        spec.size,
    );
    text.push_str("`contact-sheet.jpg` shows the first labelled stills, a row a class in the table's order.\n\n| class | labelled.csv | unlabelled.csv | frames in Train_Set | in Validation_Set |\n|---|---|---|---|---|\n");
    for (index, class) in Expression::ALL.into_iter().enumerate().take(CLASS_COUNT) {
        let of = |counts: &[usize; CLASS_COUNT]| counts.get(index).copied().unwrap_or(0);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            class.name(),
            of(&summary.labelled),
            of(&summary.unlabelled),
            of(&summary.train_frames),
            of(&summary.validation_frames),
        );
    }
    let _ = writeln!(
        text,
        "\n{} frames are not annotated (-1), {} have no crop. Labels in `unlabelled.csv` are for logging only.\n\
         People differ between the stills, the pool, and the sets of videos.",
        summary.unannotated_frames, summary.missing_crops
    );
    if spec.videos_temporal > 0 {
        let _ = writeln!(
            text,
            "\n`Temporal_Set` holds {} more videos, {} annotated frames, for the temporal encoder alone.",
            spec.videos_temporal,
            summary.temporal_frames.iter().sum::<usize>(),
        );
    }
    let _ = match &summary.whole_videos_left_out {
        Some(reason) => writeln!(text, "\nThere are no whole-frame videos: {reason}."),
        None => writeln!(
            text,
            "\n`videos/` holds {} whole scenes with their labels.",
            summary.whole_videos
        ),
    };
    text
}
