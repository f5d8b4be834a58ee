//! The models that come with the page.

use crate::comparison::stem;
use serde::Deserialize;

use crate::notices::Offer;

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

/// What is asked of the engine: the values of `?backend=` and `?model=`, until the person chooses otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Value of `?backend=`.
    pub backend: Option<String>,
    /// Value of `?model=`.
    pub model: Option<String>,
}

impl Asked {
    /// What can be done when the engine cannot start as asked and says `cause`: a model that was asked for may not be there, a
    /// graphics adapter may be missing. Nothing where nothing was asked for.
    #[must_use]
    pub fn ways_on(&self, models: &[ShippedModel], cause: &str) -> Vec<Offer> {
        let is_first = |name: &str| models.first().is_some_and(|first| first.name == name);
        let asked = self.model.as_deref().filter(|name| !is_first(name));
        if asked.is_some_and(|name| cause.contains(name)) {
            return vec![Offer::UseDemoModel];
        }
        let asks_gpu = self.backend.as_deref() == Some("webgpu");
        asks_gpu.then_some(Offer::UseCpu).into_iter().collect()
    }
}

/// Whether a value of `?model=` is a plain name, and no way into other folders.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed)
}

/// Whether two names are one model's: the page names the file, the program leaves its ending out.
#[must_use]
pub fn is_same_model(one: &str, other: &str) -> bool {
    stem(one) == stem(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_program_name_one_model_differently() {
        assert!(is_same_model("demo.safetensors", "demo") && is_same_model("a.b", "a.b"));
        assert!(!is_same_model("demo.safetensors", "tiny"));
    }

    #[test]
    fn what_was_asked_for_in_vain_has_a_way_on() {
        let model = |name: &str| ShippedModel {
            name: name.into(),
            title: name.into(),
            file: format!("{name}.safetensors"),
            note: String::new(),
        };
        let models = [model("demo"), model("tiny")];
        let ways = |backend: Option<&str>, model: Option<&str>, cause: &str| {
            let asked = Asked {
                backend: backend.map(str::to_owned),
                model: model.map(str::to_owned),
            };
            asked.ways_on(&models, cause)
        };
        let (no_gpu, no_model) = ("this browser has no WebGPU", "foo.safetensors: HTTP status 404");
        assert_eq!(ways(Some("webgpu"), None, no_gpu), [Offer::UseCpu]);
        assert_eq!(ways(Some("webgpu"), Some("tiny"), no_gpu), [Offer::UseCpu]);
        assert_eq!(ways(None, Some("foo"), no_model), [Offer::UseDemoModel]);
        assert_eq!(ways(Some("webgpu"), Some("foo"), no_model), [Offer::UseDemoModel]);
        assert_eq!(ways(Some("webgpu"), Some("foo"), no_gpu), [Offer::UseCpu]);
        assert!(ways(None, None, no_model).is_empty());
        assert!(ways(None, Some("tiny"), "the page's script is missing").is_empty());
        assert!(
            ways(None, Some("demo"), "demo.safetensors: damaged").is_empty(),
            "there is no other"
        );
    }

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
