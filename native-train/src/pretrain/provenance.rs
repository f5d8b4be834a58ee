//! What a model's header says of how it was trained.

use serde_json::{Map, Value, json};

use crate::pretrain::supervised_data::SupervisedData;
use crate::run_config::{Mode, RunConfig};

/// All that decided the weights after `step` steps of stage 1: data, network to start from, optimiser, augmentation. `role` tells
/// teacher and student apart, where there are both.
#[must_use]
pub(super) fn of(config: &RunConfig, data: &SupervisedData, step: u64, role: Option<&str>) -> Value {
    let labelled = config.training.sampling();
    let (sampling, semi) = match config.mode {
        Mode::Supervised => (labelled, None),
        Mode::SemiSupervised => (
            format!("labelled: {labelled}; unlabelled: each picture once a round"),
            Some(&config.semi_supervised),
        ),
    };
    // A path of somebody's machine says less than the file's name, and more than it should.
    let start = config.model.start.as_deref().and_then(|path| path.file_name());
    let mut parts: Map<String, Value> = Map::from_iter([
        ("note".to_owned(), json!(config.note)),
        ("mode".to_owned(), json!(config.mode)),
        ("data".to_owned(), json!(data.description)),
        ("seed".to_owned(), json!(config.seed)),
        ("steps".to_owned(), json!(step)),
        (
            "start".to_owned(),
            json!(start.map(|name| name.to_string_lossy())),
        ),
        ("grown".to_owned(), json!(config.model.grow)),
        ("optimiser".to_owned(), json!("SGD, half a cosine to 0")),
        ("training".to_owned(), json!(config.training)),
        ("sampling".to_owned(), json!(sampling)),
        ("augmentation".to_owned(), json!(config.augmentation)),
        ("mixing".to_owned(), json!(config.mixing)),
    ]);
    parts.extend(role.map(|role| ("role".to_owned(), json!(role))));
    parts.extend(semi.map(|semi| ("semi_supervised".to_owned(), json!(semi))));
    Value::Object(parts)
}
