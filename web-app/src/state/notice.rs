//! Things said to the person that do not stop the page.

/// How a notice looks and how a screen reader says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Worth knowing.
    Info,
    /// Belongs to a result.
    Warning,
    /// Something did not work.
    Error,
}

/// What a notice offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Takes the new version and reloads.
    Update,
    /// Shows the kept projects.
    Projects,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Number, for dismissing.
    pub id: u32,
    /// How it looks.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    /// What it offers.
    pub offer: Option<Offer>,
}
