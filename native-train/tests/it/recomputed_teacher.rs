//! `semi_supervised.recompute_teacher`: the same results in less memory.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::sync::Mutex;

use burn::tensor::{Device, Distribution, Int, Tensor};
use native_train::bench::memory::{Keeping, StepBytes, counts};
use native_train::pretrain::semi_supervised::step::{Rates, StepInput, TeacherStudent, Terms};
use native_train::pretrain::sgd::Sgd;
use native_train::run_config::precision::Precision;
use native_train::run_config::semi_supervised_config::{Feedback, SemiSupervisedConfig, View};
use native_train::training_run::optimiser::Optimiser;
use peak_alloc::PeakAlloc;
use shared_model::backbone::{Backbone, BackboneShape};
use shared_model::model_file::Weights;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;
/// The tests share the device's random numbers and the count of bytes.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const RATES: Rates = Rates {
    teacher: 0.05,
    student: 0.02,
    consistency: 1.0,
};

fn input(batch: usize, size: usize, device: &Device) -> StepInput {
    let pictures = || Tensor::random([batch, 3, size, size], Distribution::Normal(0.0, 1.0), device);
    let labels: Vec<i64> = (0..batch as i64).map(|n| n % 8).collect();
    StepInput {
        labelled: pictures(),
        targets: Tensor::<1, Int>::from_data(labels.as_slice(), device)
            .one_hot::<2>(8)
            .float(),
        weak: pictures(),
        strong: pictures(),
    }
}

fn pair(width: usize, config: &SemiSupervisedConfig, precision: Precision) -> TeacherStudent<Backbone> {
    let device = Device::flex();
    device.seed(7);
    let training = device.clone().autodiff();
    let shape = BackboneShape::bottleneck([1; 4], width);
    let (teacher, student) = (shape.init(&training), shape.init(&training));
    TeacherStudent::new(
        teacher,
        student,
        || Optimiser::new(Sgd::new(0.9)),
        Some(5.0),
        config,
        &device,
    )
    .with_precision(precision)
}

fn values(terms: &Terms) -> Vec<f32> {
    let all = [
        &terms.supervised,
        &terms.consistency,
        &terms.feedback_loss,
        &terms.unlabelled,
        &terms.feedback,
        &terms.kept,
    ];
    all.map(|term| term.clone().into_scalar::<f32>()).to_vec()
}

/// Everything that three steps leave behind, running statistics and momentum included, and their terms.
fn after_steps(config: &SemiSupervisedConfig, precision: Precision) -> (Vec<Weights>, Vec<Vec<f32>>) {
    let mut pair = pair(8, config, precision);
    let device = Device::flex();
    device.seed(8);
    let training = device.autodiff();
    let terms = (0..3).map(|_| values(&pair.step(&input(6, 32, &training), RATES)));
    let terms = terms.collect();
    let left = vec![
        pair.teacher.save("").unwrap(),
        pair.student.save("").unwrap(),
        pair.average.as_ref().unwrap().save("").unwrap(),
        pair.teacher_sgd.save().unwrap(),
        pair.student_sgd.save().unwrap(),
        pair.loss_scale.save(),
    ];
    (left, terms)
}

#[test]
fn results_are_the_same_to_the_bit() {
    let _guard = ONE_AT_A_TIME.lock();
    for (feedback, view, precision) in [
        (Feedback::DotProduct, View::Weak, Precision::F32),
        (Feedback::FiniteDifference, View::Strong, Precision::F32),
        (Feedback::DotProduct, View::Strong, Precision::F16),
    ] {
        let at = |recompute_teacher: bool| {
            let config = SemiSupervisedConfig {
                feedback,
                feedback_view: view,
                threshold: 0.1,
                baseline: Some(0.9),
                ema: Some(0.9),
                recompute_teacher,
                ..Default::default()
            };
            after_steps(&config, precision)
        };
        let ((weights, terms), (again, terms_again)) = (at(false), at(true));
        assert!(weights == again, "{feedback:?}, {precision:?}");
        assert_eq!(terms, terms_again, "{feedback:?}, {precision:?}");
        assert!(terms.iter().flatten().any(|value| *value != 0.0));
    }
}

const WIDTH: usize = 16;
const SIZE: usize = 96;
const BATCH: usize = 8;

/// Bytes of a step beyond what stood before it.
fn peak_of_a_step(recompute_teacher: bool) -> usize {
    let config = SemiSupervisedConfig {
        recompute_teacher,
        ..Default::default()
    };
    let mut pair = pair(WIDTH, &config, Precision::F32);
    let training = Device::flex().autodiff();
    let input = input(BATCH, SIZE, &training);
    pair.step(&input, RATES);
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    pair.step(&input, RATES);
    ALLOCATED.peak_usage() - before
}

#[test]
fn only_one_networks_layers_are_kept_at_once() {
    let _guard = ONE_AT_A_TIME.lock();
    let (both, one) = (peak_of_a_step(false), peak_of_a_step(true));
    let shape = BackboneShape::bottleneck([1; 4], WIDTH);
    let counted = StepBytes::of(&counts(&shape, SIZE), BATCH as u64, 1, 4, Keeping::Fused);
    println!("peak of a step: {both} bytes, recomputed {one}; counted: {counted:?}");
    // What the student keeps is no longer there at the teacher's way back.
    assert!(both - one > counted.student as usize * 4 / 5, "{one} and {both}");
    // What is counted without weights and momentum is the larger part of what is allocated, and no more than that.
    for (peak, counted) in [
        (both, counted.teacher + counted.student),
        (one, counted.teacher.max(counted.student)),
    ] {
        let share = counted as f64 / peak as f64;
        assert!((0.6..1.0).contains(&share), "{counted} of {peak}");
    }
}
