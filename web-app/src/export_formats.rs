//! The files that results can be taken away as. One value each: the panel, its groups and the names of the files follow.

use crate::strings;

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Per-frame csv.
    Csv,
    /// Aff-Wild2 annotation.
    AffWild2,
    /// Subtitles.
    Vtt,
    /// ELAN annotation.
    Elan,
    /// JSON project.
    Project,
    /// ABAW submission.
    Abaw,
    /// Timeline as a drawing.
    Svg,
    /// Timeline as a picture.
    Png,
    /// Report on one page.
    Report,
    /// Notes, unsure segments and events.
    Remarks,
    /// Events as chapters.
    Chapters,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To count with.
    Tables,
    /// To go on with in another program.
    Tools,
    /// To show.
    Figures,
    /// To train with.
    Training,
    /// To go on with here.
    Project,
}

impl Purpose {
    /// In the order of the panel.
    pub const ALL: [Self; 5] = [
        Self::Tables,
        Self::Tools,
        Self::Figures,
        Self::Training,
        Self::Project,
    ];

    /// What stands before its files.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tables => strings::FOR_TABLES,
            Self::Tools => strings::FOR_TOOLS,
            Self::Figures => strings::FOR_FIGURES,
            Self::Training => strings::FOR_TRAINING,
            Self::Project => strings::FOR_GOING_ON,
        }
    }
}

/// One kind of file.
#[derive(Debug, Clone, Copy)]
pub struct ExportFormat {
    /// What is written.
    pub what: Export,
    /// What for.
    pub purpose: Purpose,
    /// Name of its button for scripts.
    pub hook: &'static str,
    /// On its button.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub hint: &'static str,
    /// End of the file's name.
    pub ending: &'static str,
    /// Its kind, as browsers name it.
    pub media_type: &'static str,
}

/// In the order of the panel.
pub const FORMATS: [ExportFormat; 11] = [
    ExportFormat {
        what: Export::Csv,
        purpose: Purpose::Tables,
        hook: "export-csv",
        name: strings::EXPORT_CSV,
        hint: strings::EXPORT_CSV_HINT,
        ending: "csv",
        media_type: "text/csv",
    },
    ExportFormat {
        what: Export::AffWild2,
        purpose: Purpose::Tables,
        hook: "export-affwild2",
        name: strings::EXPORT_AFFWILD2,
        hint: strings::EXPORT_AFFWILD2_HINT,
        ending: "txt",
        media_type: "text/plain",
    },
    ExportFormat {
        what: Export::Abaw,
        purpose: Purpose::Tables,
        hook: "export-abaw",
        name: strings::EXPORT_ABAW,
        hint: strings::EXPORT_ABAW_HINT,
        ending: "abaw.txt",
        media_type: "text/plain",
    },
    ExportFormat {
        what: Export::Remarks,
        purpose: Purpose::Tables,
        hook: "export-remarks",
        name: strings::EXPORT_REMARKS,
        hint: strings::EXPORT_REMARKS_HINT,
        ending: "notes.csv",
        media_type: "text/csv",
    },
    ExportFormat {
        what: Export::Elan,
        purpose: Purpose::Tools,
        hook: "export-eaf",
        name: strings::EXPORT_EAF,
        hint: strings::EXPORT_EAF_HINT,
        ending: "eaf",
        media_type: "text/xml",
    },
    ExportFormat {
        what: Export::Vtt,
        purpose: Purpose::Tools,
        hook: "export-vtt",
        name: strings::EXPORT_VTT,
        hint: strings::EXPORT_VTT_HINT,
        ending: "vtt",
        media_type: "text/vtt",
    },
    ExportFormat {
        what: Export::Chapters,
        purpose: Purpose::Tools,
        hook: "export-chapters",
        name: strings::EXPORT_CHAPTERS,
        hint: strings::EXPORT_CHAPTERS_HINT,
        ending: "chapters.vtt",
        media_type: "text/vtt",
    },
    ExportFormat {
        what: Export::Svg,
        purpose: Purpose::Figures,
        hook: "export-svg",
        name: strings::EXPORT_SVG,
        hint: strings::EXPORT_SVG_HINT,
        ending: "svg",
        media_type: "image/svg+xml",
    },
    ExportFormat {
        what: Export::Png,
        purpose: Purpose::Figures,
        hook: "export-png",
        name: strings::EXPORT_PNG,
        hint: strings::EXPORT_PNG_HINT,
        ending: "png",
        media_type: "image/png",
    },
    ExportFormat {
        what: Export::Report,
        purpose: Purpose::Figures,
        hook: "export-report",
        name: strings::EXPORT_REPORT,
        hint: strings::EXPORT_REPORT_HINT,
        ending: "html",
        media_type: "text/html",
    },
    ExportFormat {
        what: Export::Project,
        purpose: Purpose::Project,
        hook: "export-project",
        name: strings::EXPORT_PROJECT,
        hint: strings::EXPORT_PROJECT_HINT,
        ending: "mien.json",
        media_type: "application/json",
    },
];
