//! One step of teacher and student on a network so small that it can be computed by hand, in f64.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use native_train::pretrain::semi_supervised::step::{Classifier, Rates, StepInput, TeacherStudent, Terms};
use native_train::pretrain::sgd::Sgd;
use native_train::run_config::semi_supervised_config::{Feedback, SemiSupervisedConfig, View};
use native_train::training_run::optimiser::Optimiser;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const INPUTS: usize = 12;
const HIDDEN: usize = 6;
const CLASSES: usize = 8;
const PARAMETERS: usize = HIDDEN * (INPUTS + CLASSES);
const RATES: Rates = Rates {
    teacher: 0.1,
    student: 0.05,
    consistency: 1.0,
};

/// tanh(x A) B, without batch normalisation.
#[derive(Module, Debug)]
struct Toy {
    first: Param<Tensor<2>>,
    second: Param<Tensor<2>>,
}

impl Classifier for Toy {
    fn logits(&self, pictures: Tensor<4>) -> Tensor<2> {
        let [count, ..] = pictures.dims();
        pictures
            .reshape([count, INPUTS])
            .matmul(self.first.val())
            .tanh()
            .matmul(self.second.val())
    }
}

impl Toy {
    fn new(values: &[f64], device: &Device) -> Self {
        let tensor = |part: &[f64], shape: [usize; 2]| {
            let values: Vec<f32> = part.iter().map(|value| *value as f32).collect();
            Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
        };
        let (first, second) = values.split_at(INPUTS * HIDDEN);
        Self {
            first: tensor(first, [INPUTS, HIDDEN]),
            second: tensor(second, [HIDDEN, CLASSES]),
        }
    }

    fn values(&self) -> Vec<f64> {
        let read = |tensor: Tensor<2>| tensor.try_into_vec_as::<f32>().unwrap();
        let mut all = read(self.first.val());
        all.extend(read(self.second.val()));
        all.into_iter().map(f64::from).collect()
    }
}

/// The same network in plain f64.
fn logits(parameters: &[f64], x: &[f64]) -> Vec<f64> {
    let (first, second) = parameters.split_at(INPUTS * HIDDEN);
    let hidden: Vec<f64> = (0..HIDDEN)
        .map(|h| {
            (0..INPUTS)
                .map(|i| x[i] * first[i * HIDDEN + h])
                .sum::<f64>()
                .tanh()
        })
        .collect();
    (0..CLASSES)
        .map(|c| (0..HIDDEN).map(|h| hidden[h] * second[h * CLASSES + c]).sum())
        .collect()
}

fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|value| value.exp()).sum();
    logits.iter().map(|value| value - sum.ln()).collect()
}

fn loss(parameters: &[f64], rows: &[Vec<f64>], labels: &[usize]) -> f64 {
    shared_loss(parameters, rows, &certain(labels))
}

/// The loss against how likely each class is.
fn shared_loss(parameters: &[f64], rows: &[Vec<f64>], targets: &[[f64; CLASSES]]) -> f64 {
    let sum: f64 = rows
        .iter()
        .zip(targets)
        .flat_map(|(x, target)| log_softmax(&logits(parameters, x)).into_iter().zip(target))
        .map(|(log, share)| -share * log)
        .sum();
    sum / rows.len() as f64
}

fn certain(labels: &[usize]) -> Vec<[f64; CLASSES]> {
    let of = |label: &usize| std::array::from_fn(|class| f64::from(u8::from(class == *label)));
    labels.iter().map(of).collect()
}

fn argmax(values: &[f64]) -> usize {
    (0..values.len())
        .max_by(|a, b| values[*a].total_cmp(&values[*b]))
        .unwrap()
}

/// Central differences.
fn gradient(function: impl Fn(&[f64]) -> f64, at: &[f64]) -> Vec<f64> {
    const STEP: f64 = 1e-6;
    (0..at.len())
        .map(|place| {
            let moved = |by: f64| {
                let mut point = at.to_vec();
                point[place] += by;
                function(&point)
            };
            (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
        })
        .collect()
}

fn moved(point: &[f64], direction: &[f64], by: f64) -> Vec<f64> {
    point.iter().zip(direction).map(|(p, d)| p + by * d).collect()
}

struct Scene {
    teacher: Vec<f64>,
    student: Vec<f64>,
    labelled: Vec<Vec<f64>>,
    targets: Vec<[f64; CLASSES]>,
    weak: Vec<Vec<f64>>,
    strong: Vec<Vec<f64>>,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut values = |count: usize| -> Vec<f64> {
            // Exactly representable in f32, so that both computations begin at the same point.
            (0..count)
                .map(|_| f64::from(random.random_range(-1.0..1.0_f32)))
                .collect()
        };
        let teacher = values(PARAMETERS);
        let student = values(PARAMETERS);
        let mut rows = |count: usize| -> Vec<Vec<f64>> { (0..count).map(|_| values(INPUTS)).collect() };
        let (labelled, weak, strong) = (rows(5), rows(7), rows(7));
        Self {
            teacher,
            student,
            labelled,
            targets: certain(&[0, 3, 7, 3, 5]),
            weak,
            strong,
        }
    }

    /// The same with labels that are shared between two classes or all.
    fn with_shared_labels(mut self) -> Self {
        let weights = [
            [3, 0, 0, 1, 0, 0, 0, 0],
            [0, 0, 1, 1, 0, 0, 0, 0],
            [1, 1, 1, 1, 1, 1, 1, 1],
            [0, 0, 0, 8, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 6, 2, 0],
        ];
        self.targets = weights
            .map(|row: [u8; CLASSES]| {
                let sum: u8 = row.iter().sum();
                row.map(|weight| f64::from(weight) / f64::from(sum))
            })
            .to_vec();
        self
    }

    fn pseudo_labels(&self) -> Vec<usize> {
        self.weak
            .iter()
            .map(|x| argmax(&logits(&self.teacher, x)))
            .collect()
    }

    fn input(&self) -> StepInput {
        let device = Device::flex().autodiff();
        let pictures = |rows: &[Vec<f64>]| {
            let values: Vec<f32> = rows.iter().flatten().map(|value| *value as f32).collect();
            Tensor::from_data(TensorData::new(values, [rows.len(), 3, 2, 2]), &device)
        };
        let targets: Vec<f32> = self.targets.iter().flatten().map(|share| *share as f32).collect();
        StepInput {
            labelled: pictures(&self.labelled),
            targets: Tensor::from_data(TensorData::new(targets, [self.targets.len(), CLASSES]), &device),
            weak: pictures(&self.weak),
            strong: pictures(&self.strong),
        }
    }

    fn pair(&self, config: &SemiSupervisedConfig, clip: Option<f64>, decay: f64) -> TeacherStudent<Toy> {
        let device = Device::flex();
        let training = device.clone().autodiff();
        TeacherStudent::new(
            Toy::new(&self.teacher, &training),
            Toy::new(&self.student, &training),
            || Optimiser::new(Sgd::new(0.0).with_weight_decay(decay)),
            clip,
            config,
            &device,
        )
    }

    fn step(&self, config: &SemiSupervisedConfig) -> (TeacherStudent<Toy>, Terms) {
        let mut pair = self.pair(config, None, 0.0);
        let terms = pair.step(&self.input(), RATES);
        (pair, terms)
    }

    /// g_u, and f by numerical differentiation along it, as eq. 6 reads.
    fn by_hand(&self) -> (Vec<f64>, f64) {
        let pseudo = self.pseudo_labels();
        let on_unlabelled = gradient(|p| loss(p, &self.weak, &pseudo), &self.student);
        let after = moved(&self.student, &on_unlabelled, -RATES.student);
        let on_labelled = gradient(|p| shared_loss(p, &self.labelled, &self.targets), &after);
        let product: f64 = on_labelled.iter().zip(&on_unlabelled).map(|(a, b)| a * b).sum();
        (on_unlabelled, RATES.student * product)
    }
}

fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().try_into_scalar::<f32>().unwrap())
}

fn worst(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

fn close(name: &str, ours: f64, theirs: f64) {
    assert!(
        (ours - theirs).abs() <= 2e-6 + 2e-5 * theirs.abs(),
        "{name}: {ours} and {theirs}"
    );
}

#[test]
fn the_step_is_the_one_computed_by_hand_in_f64() {
    let scenes = (0..5).map(Scene::new);
    for scene in scenes.chain((5..10).map(|seed| Scene::new(seed).with_shared_labels())) {
        let (pair, terms) = scene.step(&SemiSupervisedConfig::default());
        let pseudo = scene.pseudo_labels();
        let (on_unlabelled, f) = scene.by_hand();
        close("f", scalar(&terms.feedback), f);
        assert!(f.abs() > 1e-4, "a scene that shows nothing: {f}");
        close(
            "L_s",
            scalar(&terms.supervised),
            shared_loss(&scene.teacher, &scene.labelled, &scene.targets),
        );
        close(
            "L_u",
            scalar(&terms.unlabelled),
            loss(&scene.student, &scene.weak, &pseudo),
        );
        close(
            "L_f",
            scalar(&terms.feedback_loss),
            f * loss(&scene.teacher, &scene.weak, &pseudo),
        );
        let targets: Vec<Vec<f64>> = scene
            .weak
            .iter()
            .map(|x| log_softmax(&logits(&scene.teacher, x)))
            .collect();
        // The target and f are constants of the teacher's loss.
        let consistency = |p: &[f64]| {
            let sum: f64 = (scene.strong.iter().zip(&targets))
                .flat_map(|(x, target)| log_softmax(&logits(p, x)).into_iter().zip(target))
                .map(|(log, target)| -target.exp() * log)
                .sum();
            sum / scene.strong.len() as f64
        };
        close("L_c", scalar(&terms.consistency), consistency(&scene.teacher));
        let whole = |p: &[f64]| {
            shared_loss(p, &scene.labelled, &scene.targets)
                + consistency(p)
                + f * loss(p, &scene.weak, &pseudo)
        };
        let teacher = moved(&scene.teacher, &gradient(whole, &scene.teacher), -RATES.teacher);
        assert!(worst(&pair.teacher.values(), &teacher) < 2e-6);
        let student = moved(&scene.student, &on_unlabelled, -RATES.student);
        assert!(worst(&pair.student.values(), &student) < 2e-6);
    }
}

#[test]
fn the_ramp_weighs_the_consistency_loss_alone() {
    let config = SemiSupervisedConfig {
        ramp_steps: 8,
        ..Default::default()
    };
    let weights: Vec<f64> = [0, 2, 8, 100]
        .map(|step| config.consistency_weight(step))
        .to_vec();
    assert_eq!(weights, [0.0, 0.25, 1.0, 1.0]);
    assert_eq!(SemiSupervisedConfig::default().consistency_weight(0), 1.0);
    // The teacher's update is linear in the weight; everything else is as it was.
    let scene = Scene::new(4);
    let at = |consistency: f64| {
        let mut pair = scene.pair(&config, None, 0.0);
        let terms = pair.step(&scene.input(), Rates { consistency, ..RATES });
        (pair, scalar(&terms.feedback), scalar(&terms.consistency))
    };
    let ((none, f, unweighed), (part, g, also), (whole, ..)) = (at(0.0), at(0.25), at(1.0));
    assert_eq!((f, unweighed), (g, also));
    assert_eq!(none.student.values(), part.student.values());
    let (none, part, whole) = (
        none.teacher.values(),
        part.teacher.values(),
        whole.teacher.values(),
    );
    assert!(worst(&none, &whole) > 1e-3, "a scene that shows nothing");
    let between: Vec<f64> = none
        .iter()
        .zip(&whole)
        .map(|(n, w)| 0.75 * n + 0.25 * w)
        .collect();
    assert!(worst(&part, &between) < 2e-6);
}

#[test]
fn feedback_is_positive_where_gradients_align_and_negative_where_they_oppose() {
    // The labelled pictures are the unlabelled ones: with the pseudo-labels as labels both gradients are
    // nearly one, and f is positive.
    for seed in 0..10 {
        let mut scene = Scene::new(seed);
        scene.labelled = scene.weak.clone();
        scene.targets = certain(&scene.pseudo_labels());
        let (_, terms) = scene.step(&SemiSupervisedConfig::default());
        assert!(scalar(&terms.feedback) > 0.0);
    }
    // One picture whose label is the second of two classes that share all probability: what makes the
    // pseudo-label likelier makes the label less likely.
    let mut opposed = 0;
    for seed in 0..10 {
        let mut scene = Scene::new(seed);
        for parameters in [&mut scene.teacher, &mut scene.student] {
            let second = &mut parameters[INPUTS * HIDDEN..];
            for row in second.chunks_exact_mut(CLASSES) {
                row[2..].fill(0.0);
                row[0] *= 4.0;
                row[1] = -row[0];
            }
        }
        scene.weak.truncate(1);
        scene.strong.truncate(1);
        scene.labelled = scene.weak.clone();
        let pseudo = scene.pseudo_labels()[0];
        if pseudo > 1 {
            continue;
        }
        opposed += 1;
        scene.targets = certain(&[1 - pseudo]);
        for feedback in [Feedback::DotProduct, Feedback::FiniteDifference] {
            let config = SemiSupervisedConfig {
                feedback,
                ..Default::default()
            };
            let (_, terms) = scene.step(&config);
            assert!(scalar(&terms.feedback) < 0.0, "seed {seed}: {feedback:?}");
        }
    }
    assert!(opposed > 5);
}

#[test]
fn both_forms_of_feedback_agree_to_first_order() {
    let difference = |rate: f64| -> f64 {
        let scene = Scene::new(3);
        let at = |feedback: Feedback| {
            let config = SemiSupervisedConfig {
                feedback,
                ..Default::default()
            };
            let mut pair = scene.pair(&config, None, 0.0);
            let terms = pair.step(
                &scene.input(),
                Rates {
                    student: rate,
                    ..RATES
                },
            );
            scalar(&terms.feedback)
        };
        let (product, difference) = (at(Feedback::DotProduct), at(Feedback::FiniteDifference));
        (product - difference).abs() / product.abs()
    };
    // The relative difference is of the order of the rate.
    let (large, small) = (difference(0.4), difference(0.05));
    assert!(small < 0.05, "{small}");
    assert!(small < large / 4.0, "{small} at 0.05, {large} at 0.4");
}

#[test]
fn the_student_never_sees_a_label() {
    let scene = Scene::new(1);
    let mut permuted = Scene::new(1);
    permuted.targets = certain(&[5, 7, 0, 3, 3]);
    let config = SemiSupervisedConfig {
        ema: Some(0.9),
        ..Default::default()
    };
    let ((a, of_a), (b, of_b)) = (scene.step(&config), permuted.step(&config));
    assert_eq!(a.student.values(), b.student.values());
    assert_ne!(a.teacher.values(), b.teacher.values());
    assert_ne!(scalar(&of_a.feedback), scalar(&of_b.feedback));
}

#[test]
fn views_choose_the_pictures_of_their_losses() {
    let scene = Scene::new(2);
    let pseudo = scene.pseudo_labels();
    let config = SemiSupervisedConfig {
        student_view: View::Strong,
        feedback_view: View::Strong,
        ..Default::default()
    };
    let (_, terms) = scene.step(&config);
    close(
        "L_u",
        scalar(&terms.unlabelled),
        loss(&scene.student, &scene.strong, &pseudo),
    );
    let f = scalar(&terms.feedback);
    close(
        "L_f",
        scalar(&terms.feedback_loss),
        f * loss(&scene.teacher, &scene.strong, &pseudo),
    );
}

#[test]
fn the_threshold_leaves_out_unsure_pseudo_labels_and_temperature_sharpens() {
    let scene = Scene::new(2);
    let sure = |x: &Vec<f64>, temperature: f64| {
        let cooled: Vec<f64> = logits(&scene.teacher, x)
            .iter()
            .map(|v| v / temperature)
            .collect();
        log_softmax(&cooled)
            .iter()
            .copied()
            .fold(f64::MIN, f64::max)
            .exp()
    };
    for temperature in [1.0, 0.5] {
        let mut confidences: Vec<f64> = scene.weak.iter().map(|x| sure(x, temperature)).collect();
        confidences.sort_by(f64::total_cmp);
        let threshold = (confidences[3] + confidences[4]) / 2.0;
        let config = SemiSupervisedConfig {
            threshold,
            temperature,
            ..Default::default()
        };
        let (_, terms) = scene.step(&config);
        close("kept", scalar(&terms.kept), 3.0 / 7.0);
        let counted: f64 = (scene.weak.iter().zip(scene.pseudo_labels()))
            .filter(|(x, _)| sure(x, temperature) >= threshold)
            .map(|(x, label)| loss(&scene.student, std::slice::from_ref(x), &[label]))
            .sum();
        close("L_u", scalar(&terms.unlabelled), counted / 7.0);
    }
}

#[test]
fn label_smoothing_touches_the_supervised_loss_alone() {
    let scene = Scene::new(4);
    let (_, plain) = scene.step(&SemiSupervisedConfig::default());
    let config = SemiSupervisedConfig {
        label_smoothing: 0.2,
        ..Default::default()
    };
    let (_, smooth) = scene.step(&config);
    let spread: f64 = (scene.labelled.iter())
        .map(|x| -log_softmax(&logits(&scene.teacher, x)).iter().sum::<f64>() / 8.0)
        .sum::<f64>()
        / 5.0;
    close(
        "L_s",
        scalar(&smooth.supervised),
        0.8 * scalar(&plain.supervised) + 0.2 * spread,
    );
    assert_eq!(scalar(&plain.feedback), scalar(&smooth.feedback));
    assert_eq!(scalar(&plain.unlabelled), scalar(&smooth.unlabelled));
}

#[test]
fn the_baseline_is_a_moving_average_of_f() {
    let scene = Scene::new(5);
    let config = SemiSupervisedConfig {
        baseline: Some(0.75),
        ..Default::default()
    };
    let mut pair = scene.pair(&config, None, 0.0);
    let mut average = 0.0;
    for _ in 0..3 {
        let pseudo_loss = {
            let teacher = pair.teacher.values();
            let pseudo: Vec<usize> = scene.weak.iter().map(|x| argmax(&logits(&teacher, x))).collect();
            loss(&teacher, &scene.weak, &pseudo)
        };
        let terms = pair.step(&scene.input(), RATES);
        let f = scalar(&terms.feedback);
        average = 0.75 * average + 0.25 * f;
        close("L_f", scalar(&terms.feedback_loss), (f - average) * pseudo_loss);
    }
}

#[test]
fn clipping_bounds_the_norm_over_all_parameters_and_leaves_f_alone() {
    let scene = Scene::new(6);
    let (on_unlabelled, f) = scene.by_hand();
    let norm = on_unlabelled
        .iter()
        .map(|value| value * value)
        .sum::<f64>()
        .sqrt();
    let most = norm / 3.0;
    let mut pair = scene.pair(&SemiSupervisedConfig::default(), Some(most), 0.0);
    let input = scene.input();
    pair.step(&input, RATES);
    let expected = moved(&scene.student, &on_unlabelled, -RATES.student / 3.0);
    assert!(worst(&pair.student.values(), &expected) < 2e-6);
    // A bound that is not reached changes nothing.
    let mut free = scene.pair(&SemiSupervisedConfig::default(), Some(1e3), 0.0);
    let terms = free.step(&input, RATES);
    assert!(
        worst(
            &free.student.values(),
            &moved(&scene.student, &on_unlabelled, -RATES.student)
        ) < 2e-6
    );
    close("f", scalar(&terms.feedback), f);
}

#[test]
fn weight_decay_pulls_towards_zero() {
    let scene = Scene::new(7);
    let (on_unlabelled, _) = scene.by_hand();
    let mut pair = scene.pair(&SemiSupervisedConfig::default(), None, 0.3);
    pair.step(&scene.input(), RATES);
    let decayed = moved(&on_unlabelled, &scene.student, 0.3);
    assert!(
        worst(
            &pair.student.values(),
            &moved(&scene.student, &decayed, -RATES.student)
        ) < 2e-6
    );
}

#[test]
fn the_average_follows_the_student() {
    let scene = Scene::new(8);
    let config = SemiSupervisedConfig {
        ema: Some(0.9),
        ..Default::default()
    };
    let mut pair = scene.pair(&config, None, 0.0);
    let mut average = scene.student.clone();
    for _ in 0..3 {
        pair.step(&scene.input(), RATES);
        let student = pair.student.values();
        average = average
            .iter()
            .zip(&student)
            .map(|(a, s)| 0.9 * a + 0.1 * s)
            .collect();
        assert!(worst(&pair.average.as_ref().unwrap().values(), &average) < 2e-6);
        assert!(worst(&average, &student) > 1e-4);
    }
}

#[test]
fn fine_tuning_is_a_step_on_labels() {
    let scene = Scene::new(9).with_shared_labels();
    let mut pair = scene.pair(&SemiSupervisedConfig::default(), None, 0.0);
    pair.finetune(&scene.input(), 0.2);
    let on_labelled = gradient(
        |p| shared_loss(p, &scene.labelled, &scene.targets),
        &scene.student,
    );
    assert!(worst(&pair.student.values(), &moved(&scene.student, &on_labelled, -0.2)) < 2e-6);
    assert!(worst(&pair.teacher.values(), &scene.teacher) == 0.0);
}
