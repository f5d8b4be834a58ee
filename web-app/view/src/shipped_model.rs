//! The models that come with the page.

use crate::comparison::stem;
use serde::Deserialize;

use crate::notices::Offer;

/// What is taken where the list cannot be read.
const FALLBACK: &str = "tiny";

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ShippedModel {
    /// Value of `?model=`.
    pub name: String,
    /// For people.
    pub title: String,
    /// File in `models/`.
    pub file: String,
    /// What it is good for.
    pub note: String,
    /// Size of the file in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Millions of multiply-adds per face; 0 where nobody has said.
    #[serde(default)]
    pub work: f64,
}

/// How fast a model will be on this machine, as far as that is known before it has read anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SpeedBeforehand {
    /// So many frames per second at least: one that was measured here, with the whole of its time for the network.
    AtLeast(f64),
    /// So many times the work per face of the model in force.
    TimesTheWork(f64),
    /// Nothing is known.
    Unknown,
}

impl SpeedBeforehand {
    /// Of `model`, where `in_force` is used now, and a model (its file's name) has read so many frames per second here.
    #[must_use]
    pub fn of(
        model: &ShippedModel,
        models: &[ShippedModel],
        in_force: Option<&str>,
        measured: Option<(&str, f64)>,
    ) -> Self {
        let work_of = |name: &str| {
            let found = models.iter().find(|other| is_same_model(&other.file, name));
            found.map(|other| other.work).filter(|work| *work > 0.0)
        };
        if model.work <= 0.0 {
            return Self::Unknown;
        }
        if let Some((name, frames_per_s)) = measured
            && let Some(work) = work_of(name)
        {
            return Self::AtLeast(frames_per_s / (model.work / work).max(1.0));
        }
        in_force
            .and_then(work_of)
            .map_or(Self::Unknown, |work| Self::TimesTheWork(model.work / work))
    }
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
            bytes: 0,
            work: 0.0,
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
            bytes: 0,
            work: 0.0,
        };
        let models = [model("demo"), model("tiny")];
        assert_eq!(first_url(&models, None), "models/demo.safetensors");
        assert_eq!(first_url(&models[1..], None), "models/tiny.safetensors");
        assert_eq!(first_url(&[], None), "models/tiny.safetensors");
        assert_eq!(first_url(&models, Some("tiny")), "models/tiny.safetensors");
        assert_eq!(first_url(&models, Some("x")), "models/x.safetensors");
        assert!(is_plain_name("tiny-2.f16") && !is_plain_name("../x") && !is_plain_name(""));
    }

    #[test]
    fn more_work_is_slower_in_proportion_at_worst_and_less_work_not_slower() {
        let model = |name: &str, work: f64| ShippedModel {
            name: name.into(),
            title: name.into(),
            file: format!("{name}.safetensors"),
            note: String::new(),
            bytes: 1,
            work,
        };
        let models = [
            model("demo", 80.0),
            model("large", 320.0),
            model("tiny", 20.0),
            model("own", 0.0),
        ];
        let of = |place: usize, measured| {
            SpeedBeforehand::of(&models[place], &models, Some("demo.safetensors"), measured)
        };
        assert_eq!(of(1, Some(("demo", 60.0))), SpeedBeforehand::AtLeast(15.0));
        assert_eq!(
            of(2, Some(("demo.safetensors", 60.0))),
            SpeedBeforehand::AtLeast(60.0)
        );
        assert_eq!(of(1, None), SpeedBeforehand::TimesTheWork(4.0));
        // Of a model of one's own nobody knows the work.
        assert_eq!(of(1, Some(("mine", 60.0))), SpeedBeforehand::TimesTheWork(4.0));
        assert_eq!(of(3, Some(("demo", 60.0))), SpeedBeforehand::Unknown);
    }

    #[test]
    fn the_list_says_the_size_of_each_file() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/models");
        let list = std::fs::read_to_string(folder.join("models.json")).unwrap();
        let models: Vec<ShippedModel> = serde_json::from_str(&list).unwrap();
        assert!(models.len() > 1);
        for model in models {
            let size = std::fs::metadata(folder.join(&model.file)).unwrap().len();
            assert_eq!(model.bytes, size, "{}", model.file);
            assert!(model.work > 0.0, "{}", model.file);
        }
    }
}
