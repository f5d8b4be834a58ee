//! The eight expression classes in the order of Aff-Wild2, on disk and in memory.

use serde::{Deserialize, Serialize};

/// Number of expression classes.
pub const CLASS_COUNT: usize = 8;

/// Probabilities (or logits) of the eight classes in [`Expression`]'s order.
pub type ClassScores = [f32; CLASS_COUNT];

/// An expression class. The discriminant is the class index of Aff-Wild2's EXPR annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Expression {
    Neutral = 0,
    Anger = 1,
    Disgust = 2,
    Fear = 3,
    Happiness = 4,
    Sadness = 5,
    Surprise = 6,
    Other = 7,
}

impl Expression {
    /// All classes in index order.
    pub const ALL: [Self; CLASS_COUNT] = [
        Self::Neutral,
        Self::Anger,
        Self::Disgust,
        Self::Fear,
        Self::Happiness,
        Self::Sadness,
        Self::Surprise,
        Self::Other,
    ];

    /// Class index, 0 to 7.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The class with this index, `None` outside 0 to 7.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// Name as in the header of Aff-Wild2's annotation files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "Neutral",
            Self::Anger => "Anger",
            Self::Disgust => "Disgust",
            Self::Fear => "Fear",
            Self::Happiness => "Happiness",
            Self::Sadness => "Sadness",
            Self::Surprise => "Surprise",
            Self::Other => "Other",
        }
    }

    /// Reads a class from its name (any case, common synonyms such as `happy`) or its index.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Ok(index) = text.parse::<usize>() {
            return Self::from_index(index);
        }
        Some(match text.as_str() {
            "neutral" => Self::Neutral,
            "anger" | "angry" => Self::Anger,
            "disgust" | "disgusted" => Self::Disgust,
            "fear" | "fearful" | "afraid" | "scared" => Self::Fear,
            "happiness" | "happy" | "joy" => Self::Happiness,
            "sadness" | "sad" => Self::Sadness,
            "surprise" | "surprised" => Self::Surprise,
            "other" => Self::Other,
            _ => return None,
        })
    }

    /// The class with the highest score; ties go to the lower index.
    #[must_use]
    pub fn argmax(scores: &ClassScores) -> Self {
        let mut best = 0;
        for (index, score) in scores.iter().enumerate() {
            if *score > scores[best] {
                best = index;
            }
        }
        Self::ALL[best]
    }
}

/// Softmax of `logits`, computed stably.
#[must_use]
pub fn softmax(logits: &ClassScores) -> ClassScores {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps = logits.map(|logit| (logit - top).exp());
    let sum: f32 = exps.iter().sum();
    exps.map(|value| value / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indices_lead_back_to_the_class() {
        for class in Expression::ALL {
            assert_eq!(Expression::parse(class.name()), Some(class));
            assert_eq!(Expression::parse(&class.index().to_string()), Some(class));
        }
        assert_eq!(Expression::parse("Happy"), Some(Expression::Happiness));
        assert_eq!(Expression::parse("8"), None);
        assert_eq!(Expression::parse("contempt"), None);
    }

    #[test]
    fn softmax_of_large_logits_stays_finite() {
        let probabilities = softmax(&[1e4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e4]);
        assert!((probabilities[0] - 0.5).abs() < 1e-6);
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
