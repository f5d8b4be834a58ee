//! Mixed precision: gradients near those in 32 bits, weights and statistics in 32 bits, overflows left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly, in their helpers too"
)]

use crate::common::{mien, stderr, write_paired_pictures};
use native_train::training_run::checkpoint::{Checkpoint, path_in};
use shared_model::backbone::{Backbone, BackboneShape};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Distribution, Int, Tensor};
use native_train::pretrain::semi_supervised::step::{Rates, StepInput, TeacherStudent, cross_entropy};
use native_train::pretrain::sgd::Sgd;
use native_train::run_config::precision::Precision;
use native_train::run_config::semi_supervised_config::SemiSupervisedConfig;
use native_train::training_run::gradients::dot;
use native_train::training_run::loss_scale::LossScale;
use native_train::training_run::optimiser::Optimiser;

const BATCH: usize = 6;

fn network(device: &Device) -> Backbone {
    let shape = BackboneShape::bottleneck([1; 4], 8);
    shape.init(device)
}

fn pictures(device: &Device) -> Tensor<4> {
    pictures_of(32, device)
}

fn pictures_of(size: usize, device: &Device) -> Tensor<4> {
    Tensor::random([BATCH, 3, size, size], Distribution::Normal(0.0, 1.0), device)
}

fn labels(device: &Device) -> Tensor<1, Int> {
    Tensor::from_data([0, 1, 2, 3, 4, 5], device)
}

fn loss(network: &Backbone, pictures: &Tensor<4>, precision: Precision) -> Tensor<1> {
    let (features, logits) = network.forward(precision.of(pictures.clone()));
    assert_eq!((features.dtype(), logits.dtype()), (DType::F32, DType::F32));
    cross_entropy(logits, labels(&pictures.device()), 0.0).mean()
}

/// Gradients once the scale has found its place, as it does in the first steps of a training.
fn settled(
    scale: &mut LossScale,
    network: &Backbone,
    pictures: &Tensor<4>,
    precision: Precision,
) -> GradientsParams {
    let device = pictures.device().without_autodiff();
    // 65,536 may be halved twelve times before a gradient below 1/16 of its largest value vanishes.
    let mut tries = (0..12).map(|_| scale.gradients(loss(network, pictures, precision), network, &device));
    tries.find_map(|found| found).expect("a scale without overflow")
}

fn gradients(network: &Backbone, pictures: &Tensor<4>, precision: Precision) -> (f32, GradientsParams) {
    let value = loss(network, pictures, precision).into_scalar::<f32>();
    (
        value,
        settled(&mut LossScale::new(precision), network, pictures, precision),
    )
}

/// Cosines between two gradients of each parameter, from the stem to the head.
struct Cosines<'a> {
    a: &'a GradientsParams,
    b: &'a GradientsParams,
    found: Vec<f32>,
}

impl ModuleVisitor for Cosines<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let (Some(a), Some(b)) = (self.a.get::<D>(param.id), self.b.get::<D>(param.id)) {
            assert_eq!((a.dtype(), b.dtype()), (DType::F32, DType::F32));
            let sum = |x: &Tensor<D>, y: &Tensor<D>| (x.clone() * y.clone()).sum().into_scalar::<f32>();
            self.found.push(sum(&a, &b) / (sum(&a, &a) * sum(&b, &b)).sqrt());
        }
    }
}

/// The head's gradient is near to exact; before it rounding moves values across ReLU's zero and takes small values away.
/// Means over the parameters were 0.97 in half precision and 0.94 in bf16 when this was written; why they are no nearer, and
/// that PyTorch's are not, is in `tests/golden/check_precision.py`.
#[test]
fn gradients_in_16_bits_point_where_those_in_32_do() {
    let device = Device::flex();
    device.seed(3);
    let training = device.clone().autodiff();
    // Large enough that the last stage's statistics are of 150 values: those of a few would magnify any rounding.
    let (network, pictures) = (network(&training), pictures_of(160, &training));
    let (exact_loss, exact) = gradients(&network, &pictures, Precision::F32);
    // Half precision keeps 11 bits, bf16 8.
    for (precision, in_head, over_all, loss_error) in [
        (Precision::F16, 0.9999, 0.95, 0.01),
        (Precision::Bf16, 0.999, 0.75, 0.08),
    ] {
        precision.check(&device).unwrap();
        let (loss, found) = gradients(&network, &pictures, precision);
        assert!(
            (loss - exact_loss).abs() < loss_error,
            "{precision:?}: {loss} and {exact_loss}"
        );
        let mut cosines = Cosines {
            a: &found,
            b: &exact,
            found: Vec::new(),
        };
        network.visit(&mut cosines);
        println!("{precision:?}: {:?}", cosines.found);
        let head = cosines.found.iter().rev().take(2).copied().fold(1.0, f32::min);
        assert!(head > in_head, "{precision:?}: {head}");
        let mean = cosines.found.iter().sum::<f32>() / cosines.found.len() as f32;
        assert!(mean > over_all, "{precision:?}: {mean}");
    }
}

#[test]
fn an_overflow_leaves_the_update_out_and_halves_the_scale() {
    let device = Device::flex();
    device.seed(4);
    let training = device.clone().autodiff();
    let (network, pictures) = (network(&training), pictures(&training));
    let mut scale = LossScale::new(Precision::F16);
    let first = scale.factor();
    // Far beyond the 65,504 that half precision reaches.
    let huge = loss(&network, &pictures, Precision::F16).mul_scalar(1e9);
    assert!(scale.gradients(huge, &network, &device).is_none());
    assert_eq!((scale.factor(), scale.skipped()), (first / 2.0, 1));
    let found = settled(&mut scale, &network, &pictures, Precision::F16);
    let norm = dot(&network, &found, &found, &device).into_scalar::<f32>();
    assert!(norm.is_finite() && norm > 0.0);
    let mut restored = LossScale::new(Precision::F16);
    restored.load(&mut scale.save());
    assert_eq!(restored, scale);
}

#[test]
fn a_step_in_half_precision_moves_32_bit_weights() {
    let device = Device::flex();
    device.seed(5);
    let training = device.clone().autodiff();
    let config = SemiSupervisedConfig::default();
    let (teacher, student) = (network(&training), network(&training));
    let before = student.save("").unwrap();
    let pair = TeacherStudent::new(
        teacher,
        student,
        || Optimiser::new(Sgd::new(0.9)),
        None,
        &config,
        &device,
    );
    let mut pair = pair.with_precision(Precision::F16);
    let input = StepInput {
        labelled: pictures(&training),
        targets: labels(&training).one_hot::<2>(8).float(),
        weak: pictures(&training),
        strong: pictures(&training),
    };
    let rates = Rates {
        teacher: 1e-2,
        student: 1e-2,
        consistency: 1.0,
    };
    // The scale finds its place within some steps.
    for _ in 0..4 {
        let terms = pair.step(&input, rates);
        assert!(terms.supervised.into_scalar::<f32>().is_finite());
    }
    let after = pair.student.save("").unwrap();
    assert!(pair.student.num_params() > 0);
    for (name, weight) in &after {
        assert!(weight.values.iter().all(|value| value.is_finite()), "{name}");
    }
    assert_ne!(before["conv1.weight"], after["conv1.weight"]);
    assert_ne!(before["bn1.running_mean"], after["bn1.running_mean"]);
}

/// A run in half precision whose first scale is too large for its gradients says so in its log, step by step, and in words.
#[test]
fn updates_left_out_for_overflow_are_in_the_log() {
    for (mode, more) in [
        ("supervised", ""),
        ("semi-supervised", "[semi_supervised]\nfinetune_steps = 1\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write_paired_pictures(folder.path());
        let text = format!(
            "mode = \"{mode}\"\nrun = \"run\"\nseed = 3\n[data]\nlabelled = \"labelled.csv\"\n\
             unlabelled = \"pool.csv\"\nheld_back = 0.3\n[model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n\
             [training]\nprecision = \"f16\"\nbatch = 6\nsteps = 8\nsteps_an_epoch = 8\n{more}"
        );
        std::fs::write(folder.path().join("c.toml"), text).unwrap();
        let output = mien(
            folder.path(),
            &["pretrain", "--config", "c.toml", "--device", "cpu"],
        );
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        let log = std::fs::read_to_string(folder.path().join("run/log.jsonl")).unwrap();
        let entries = log
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let steps: Vec<(u64, f64)> = entries
            .filter_map(|entry| {
                Some((
                    entry.get("overflows")?.as_u64()?,
                    entry.get("loss_scale")?.as_f64()?,
                ))
            })
            .collect();
        println!("{mode}: {steps:?}");
        assert_eq!(steps.len(), if more.is_empty() { 8 } else { 9 });
        let overflows: u64 = steps.iter().map(|(overflows, _)| overflows).sum();
        // The scale is halved by each of them and by nothing else.
        assert!(overflows > 0);
        assert_eq!(steps.last().unwrap().1, 65_536.0 / 2_f64.powi(overflows as i32));
        let checkpoint = Checkpoint::read(&path_in(&folder.path().join("run"))).unwrap();
        assert_eq!(checkpoint.optimiser["loss_scale"].values[2], overflows as f32);
        assert!(said.contains(&format!("{overflows} updates left out")), "{said}");
    }
}

#[test]
fn precisions_have_their_names_in_a_config() {
    for (name, precision) in [
        ("f32", Precision::F32),
        ("bf16", Precision::Bf16),
        ("f16", Precision::F16),
    ] {
        let read: Precision = serde_json::from_value(name.into()).unwrap();
        assert_eq!(read, precision);
    }
    assert!(serde_json::from_value::<Precision>("f64".into()).is_err());
}
