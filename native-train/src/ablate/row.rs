//! The five rows of the paper's Table 1, and how each one's config follows from the whole.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ablate::start_folder;
use crate::datasets::config::{SourceConfig, SourceUse};
use crate::datasets::source_kind::SourceKind;
use crate::run_config::refine_config::RefineConfig;
use crate::run_config::{Mode, RunConfig};

/// A row of Table 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// Supervised, on the frames of Aff-Wild2 as they come: classes are as unbalanced as they are.
    Baseline,
    /// Teacher and student on all labelled sources; what their quotas leave over is unlabelled.
    Ssl,
    /// And the unlabelled sources (the paper's MS1MV2).
    SslFaces,
    /// And the temporal encoder on the student of the row before.
    Temporal,
    /// And the smoothing window over the labels of the row before.
    PostProcess,
}

impl Row {
    /// In the order of the table, which is the order in which they are run.
    pub const ALL: [Self; 5] = [
        Self::Baseline,
        Self::Ssl,
        Self::SslFaces,
        Self::Temporal,
        Self::PostProcess,
    ];

    /// As the table has it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Baseline => "Baseline",
            Self::Ssl => "SSL",
            Self::SslFaces => "SSL, with face-recognition data",
            Self::Temporal => "SSL + Temporal",
            Self::PostProcess => "SSL + Temporal + Post-process",
        }
    }

    /// In files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Ssl => "ssl",
            Self::SslFaces => "ssl-faces",
            Self::Temporal => "temporal",
            Self::PostProcess => "post-process",
        }
    }

    /// Macro F1 in percent on the validation set of Aff-Wild2 (paper, Table 1).
    #[must_use]
    pub const fn of_paper(self) -> f64 {
        match self {
            Self::Baseline => 23.00,
            Self::Ssl => 39.96,
            Self::SslFaces => 40.57,
            Self::Temporal => 42.77,
            Self::PostProcess => 44.43,
        }
    }

    /// The row's folder, for one seed.
    #[must_use]
    pub fn folder(self, run: &Path, seed: u64) -> PathBuf {
        let name = match self {
            Self::Baseline => "1-baseline",
            Self::Ssl => "2-ssl",
            Self::SslFaces => "3-ssl-faces",
            Self::Temporal => "4-temporal",
            Self::PostProcess => "5-post-process",
        };
        run.join(format!("seed-{seed}")).join(name)
    }

    /// The model that the row's labels come from.
    #[must_use]
    pub fn model(self, run: &Path, seed: u64) -> PathBuf {
        match self {
            Self::Temporal | Self::PostProcess => Self::Temporal.folder(run, seed).join("model.safetensors"),
            _ => self.folder(run, seed).join("student.safetensors"),
        }
    }

    /// The row's own config. Rows 4 and 5 have no stage 1 of their own.
    #[must_use]
    pub fn config(self, whole: &RunConfig, seed: u64) -> RunConfig {
        let mut config = whole.clone();
        config.run = self.folder(&whole.run, seed);
        config.seed = seed;
        config.note = format!("Row `{}` of an ablation. {}", self.title(), whole.note);
        let start = config.ablate.take().and_then(|ablate| ablate.start);
        if start.is_some() && self > Self::Baseline {
            config.model.start = Some(start_folder::model(&whole.run, seed));
        }
        config.temporal = None;
        config.mode = if self == Self::Baseline {
            Mode::Supervised
        } else {
            Mode::SemiSupervised
        };
        let sources = whole.data.all_sources().into_iter();
        config.data.sources = sources.filter(|source| self.takes(source)).collect();
        (config.data.labelled, config.data.unlabelled) = (None, None);
        if self == Self::Baseline {
            // All frames: the others' choice of classes (paper, 4.1: `Other` alone) is one of their method.
            config
                .data
                .sources
                .iter_mut()
                .for_each(|source| source.classes.clear());
            config.data.quota = 0;
            config.training.balanced = false;
            config.training.class_balance = 1.0;
        }
        let refine = whole.refine();
        config.refine = (self >= Self::Temporal).then(|| RefineConfig {
            start: Some(Self::SslFaces.model(&whole.run, seed)),
            cache: Some(refine.cache.clone().unwrap_or_else(|| whole.run.join("features"))),
            ..refine
        });
        config
    }

    fn takes(self, source: &SourceConfig) -> bool {
        match (self, source.role) {
            (_, SourceUse::Validation) => true,
            (Self::Baseline, role) => role == SourceUse::Labelled && source.kind == SourceKind::AFFWILD2,
            (Self::Ssl, role) => role == SourceUse::Labelled,
            _ => true,
        }
    }
}
