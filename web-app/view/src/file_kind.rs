//! Files told apart.

/// What a file that was opened or dropped is, by its name and media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// To analyse: whatever is nothing else.
    Video,
    /// To analyse.
    Picture,
    /// A saved project.
    Project,
    /// A model file.
    Model,
    /// Labels to compare with.
    Labels,
}

impl FileKind {
    /// Goes by the name's ending first: browsers guess media types from it anyway.
    #[must_use]
    pub fn of(name: &str, media_type: &str) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending.to_ascii_lowercase().as_str() {
            "json" => Self::Project,
            "safetensors" => Self::Model,
            "csv" | "txt" | "eaf" => Self::Labels,
            "jpg" | "jpeg" | "png" | "webp" | "gif" | "bmp" | "avif" => Self::Picture,
            _ if media_type.starts_with("image/") => Self::Picture,
            _ => Self::Video,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_their_ending() {
        assert_eq!(FileKind::of("a.b.MP4", ""), FileKind::Video);
        assert_eq!(FileKind::of("a.PNG", ""), FileKind::Picture);
        assert_eq!(FileKind::of("a", "image/png"), FileKind::Picture);
        assert_eq!(FileKind::of("p.mien.json", "application/json"), FileKind::Project);
        assert_eq!(FileKind::of("w.safetensors", ""), FileKind::Model);
        assert_eq!(FileKind::of("t.txt", "text/plain"), FileKind::Labels);
        assert_eq!(FileKind::of("noending", ""), FileKind::Video);
    }
}
