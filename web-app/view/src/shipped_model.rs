//! The models that come with the page.

use serde::Deserialize;

/// What is taken where the list cannot be read.
const FALLBACK: &str = "tiny";

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShippedModel {
    /// Value of `?model=`.
    pub name: String,
    /// For people.
    pub title: String,
    /// File in `models/`.
    pub file: String,
    /// What it is good for.
    pub note: String,
}

impl ShippedModel {
    /// Address relative to the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("models/{}", self.file)
    }
}

/// Address of the model that the page starts with: the first of the list, which is the best of them on people held back
/// from training, unless `asked`, the value of `?model=`, names another.
#[must_use]
pub fn first_url(models: &[ShippedModel], asked: Option<&str>) -> String {
    let named = |name: &str| models.iter().find(|model| model.name == name);
    if let Some(asked) = asked {
        return named(asked).map_or_else(|| format!("models/{asked}.safetensors"), ShippedModel::url);
    }
    models
        .first()
        .map_or_else(|| format!("models/{FALLBACK}.safetensors"), ShippedModel::url)
}

/// Whether a value of `?model=` is a plain name, and no way into other folders.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_list_is_taken_unless_another_is_asked_for() {
        let model = |name: &str| ShippedModel {
            name: name.into(),
            title: name.into(),
            file: format!("{name}.safetensors"),
            note: String::new(),
        };
        let models = [model("demo"), model("tiny")];
        assert_eq!(first_url(&models, None), "models/demo.safetensors");
        assert_eq!(first_url(&models[1..], None), "models/tiny.safetensors");
        assert_eq!(first_url(&[], None), "models/tiny.safetensors");
        assert_eq!(first_url(&models, Some("tiny")), "models/tiny.safetensors");
        assert_eq!(first_url(&models, Some("x")), "models/x.safetensors");
        assert!(is_plain_name("tiny-2.f16") && !is_plain_name("../x") && !is_plain_name(""));
    }
}
