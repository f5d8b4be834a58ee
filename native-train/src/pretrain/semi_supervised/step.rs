//! One step of teacher and student (paper, 3.3), for any network.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor};
use shared_model::backbone::Backbone;
use shared_model::expression::CLASS_COUNT;

use crate::pretrain::moving_average;
use crate::pretrain::sgd::Sgd;
use crate::pretrain::soft_cross_entropy::soft_cross_entropy;
use crate::run_config::precision::Precision;
use crate::run_config::semi_supervised_config::{Feedback, SemiSupervisedConfig, View};
use crate::training_run::gradients::{clipped, dot};
use crate::training_run::loss_scale::LossScale;
use crate::training_run::optimiser::Optimiser;

/// A network that tells the eight classes.
pub trait Classifier: Module {
    /// Pictures `[batch, 3, size, size]` to logits `[batch, 8]`.
    fn logits(&self, pictures: Tensor<4>) -> Tensor<2>;

    /// Draws random weights that are still to be drawn, in the order in which [`Classifier::logits`] would.
    fn draw_weights(&self) {}
}

impl Classifier for Backbone {
    fn logits(&self, pictures: Tensor<4>) -> Tensor<2> {
        self.forward(pictures).1
    }

    fn draw_weights(&self) {
        Self::draw_weights(self);
    }
}

/// What a step sees.
#[derive(Debug, Clone)]
pub struct StepInput {
    /// Labelled pictures `[l, 3, size, size]`.
    pub labelled: Tensor<4>,
    /// How likely they show each class `[l, 8]`; each row adds up to 1.
    pub targets: Tensor<2>,
    /// Unlabelled pictures `[u, 3, size, size]`, weakly changed.
    pub weak: Tensor<4>,
    /// The same pictures, strongly changed.
    pub strong: Tensor<4>,
}

/// What changes from step to step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Learning rate of the teacher.
    pub teacher: f64,
    /// Learning rate of the student.
    pub student: f64,
    /// Weight of the consistency loss in the teacher's (paper: 1).
    pub consistency: f64,
}

/// The terms of a step: single values on the device, without a graph.
#[derive(Debug, Clone)]
pub struct Terms {
    /// L_s, eq. 3.
    pub supervised: Tensor<1>,
    /// L_c, eq. 4.
    pub consistency: Tensor<1>,
    /// L_f, eq. 5.
    pub feedback_loss: Tensor<1>,
    /// L_u, eq. 1.
    pub unlabelled: Tensor<1>,
    /// f, eq. 6, before the moving average is subtracted.
    pub feedback: Tensor<1>,
    /// Share of the pseudo-labels that count.
    pub kept: Tensor<1>,
    /// Pseudo-labels `[u]`.
    pub pseudo_labels: Tensor<1, Int>,
}

/// Both networks and what their training remembers.
#[derive(Debug)]
pub struct TeacherStudent<M> {
    /// Learns from labels, consistency and feedback.
    pub teacher: M,
    /// Learns from pseudo-labels alone.
    pub student: M,
    /// The student's moving average, when it is wished; without autodiff.
    pub average: Option<M>,
    /// Moving average of f.
    pub baseline: Option<Tensor<1>>,
    /// The teacher's optimiser.
    pub teacher_sgd: Optimiser<Sgd>,
    /// The student's optimiser.
    pub student_sgd: Optimiser<Sgd>,
    /// Of all losses; an update whose gradients overflow is left out, and f is 0 without the student's.
    pub loss_scale: LossScale,
    precision: Precision,
    config: SemiSupervisedConfig,
    clip_norm: Option<f64>,
    /// Without autodiff.
    device: Device,
}

/// Pseudo-labels of the unlabelled pictures.
struct PseudoLabels {
    labels: Tensor<1, Int>,
    /// The teacher's probabilities `[u, 8]`.
    soft: Tensor<2>,
    /// 1 for those that count, else 0, `[u]`.
    kept: Tensor<1>,
}

impl<M: Classifier> TeacherStudent<M> {
    /// Both networks with autodiff on `device` (given without autodiff), and fresh optimisers.
    #[must_use]
    pub fn new(
        teacher: M,
        student: M,
        optimiser: impl Fn() -> Optimiser<Sgd>,
        clip_norm: Option<f64>,
        config: &SemiSupervisedConfig,
        device: &Device,
    ) -> Self {
        Self {
            average: config.ema.map(|_| student.valid()),
            teacher,
            student,
            baseline: None,
            teacher_sgd: optimiser(),
            student_sgd: optimiser(),
            loss_scale: LossScale::new(Precision::F32),
            precision: Precision::F32,
            config: config.clone(),
            clip_norm,
            device: device.clone(),
        }
    }

    /// The same in this precision, which the device must have.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.loss_scale = LossScale::new(precision);
        self.precision = precision;
        self
    }

    /// Both updates. The student's comes first and sees no label; the teacher's takes its feedback.
    pub fn step(&mut self, input: &StepInput, rates: Rates) -> Terms {
        let kept =
            (!self.config.recompute_teacher).then(|| logits_of_views(&self.teacher, input, self.precision));
        let pseudo = match &kept {
            Some([_, weak, _]) => self.pseudo_labels(weak),
            None => self.pseudo_labels_without_graph(input),
        };
        let (unlabelled, feedback) = self.student_part(input, &pseudo, rates.student);
        let coefficient = self.without_baseline(feedback.clone());
        // The same weights on the same pictures give the same logits.
        let logits = kept.unwrap_or_else(|| logits_of_views(&self.teacher, input, self.precision));
        let [supervised, consistency, feedback_loss] =
            self.teacher_part(input, logits, &pseudo, coefficient, rates);
        Terms {
            supervised,
            consistency,
            feedback_loss,
            unlabelled,
            feedback,
            kept: pseudo.kept.mean(),
            pseudo_labels: pseudo.labels,
        }
    }

    /// The student's update on pseudo-labels; gives L_u and f, and leaves no graph behind.
    fn student_part(
        &mut self,
        input: &StepInput,
        pseudo: &PseudoLabels,
        rate: f64,
    ) -> (Tensor<1>, Tensor<1>) {
        let before = match self.config.feedback {
            Feedback::DotProduct => None,
            Feedback::FiniteDifference => Some(self.student_on_labels(input).1.without_autodiff()),
        };
        let (unlabelled, gradients) = self.student_step(input, pseudo, rate);
        let (after_network, after) = self.student_on_labels(input);
        let feedback = match (before, gradients) {
            (_, None) => None,
            (Some(before), Some(_)) => Some(before - after.without_autodiff()),
            (None, Some(gradients)) => self
                .loss_scale
                .gradients(after, &after_network, &self.device)
                .map(|on_labels| dot(&self.student, &on_labels, &gradients, &self.device).mul_scalar(rate)),
        };
        let feedback = feedback.unwrap_or_else(|| Tensor::zeros([1], &self.device));
        (unlabelled, feedback)
    }

    /// The teacher's update on the sum of its losses; gives L_s, L_c and L_f.
    fn teacher_part(
        &mut self,
        input: &StepInput,
        [labelled, weak, strong]: [Tensor<2>; 3],
        pseudo: &PseudoLabels,
        coefficient: Tensor<1>,
        rates: Rates,
    ) -> [Tensor<1>; 3] {
        let supervised =
            soft_cross_entropy(labelled, input.targets.clone(), self.config.label_smoothing).mean();
        let consistency = (pseudo.soft.clone() * log_softmax(strong.clone(), 1))
            .sum_dim(1)
            .neg()
            .mean();
        let viewed = match self.config.feedback_view {
            View::Weak => weak,
            View::Strong => strong,
        };
        let towards = cross_entropy(viewed, pseudo.labels.clone(), 0.0) * pseudo.kept.clone();
        let feedback_loss = towards.mean() * coefficient;
        let weighed = match rates.consistency {
            // No operation more than the method's sum.
            1.0 => consistency.clone(),
            weight => consistency.clone().mul_scalar(weight),
        };
        let loss = supervised.clone() + weighed + feedback_loss.clone();
        if let Some(gradients) = self.loss_scale.gradients(loss, &self.teacher, &self.device) {
            let gradients = match self.clip_norm {
                Some(most) => clipped(&self.teacher, &gradients, most, &self.device),
                None => gradients,
            };
            self.teacher = self
                .teacher_sgd
                .step(rates.teacher, self.teacher.clone(), &gradients);
        }
        [supervised, consistency, feedback_loss].map(Tensor::without_autodiff)
    }

    /// One step of the student on labelled pictures, for the last part of a training; gives its loss.
    pub fn finetune(&mut self, input: &StepInput, rate: f64) -> Tensor<1> {
        let logits = self.student.logits(self.precision.of(input.labelled.clone()));
        let loss = soft_cross_entropy(logits, input.targets.clone(), 0.0).mean();
        let gradients = self
            .loss_scale
            .gradients(loss.clone(), &self.student, &self.device);
        if let Some(gradients) = gradients {
            self.update_student(&gradients, rate);
        }
        loss.without_autodiff()
    }

    /// As [`TeacherStudent::pseudo_labels`], by a copy of the teacher that no gradient flows through: its layers' outputs
    /// go as they come, and the teacher's own running statistics stay as they are.
    fn pseudo_labels_without_graph(&self, input: &StepInput) -> PseudoLabels {
        self.teacher.draw_weights();
        let copy = self.teacher.valid().train().no_grad();
        let [_, weak, _] = logits_of_views(&copy, input, self.precision);
        self.pseudo_labels(&weak)
    }

    fn pseudo_labels(&self, weak: &Tensor<2>) -> PseudoLabels {
        let logits = weak.clone().without_autodiff();
        let [count, _] = logits.dims();
        let labels = logits.clone().argmax(1).reshape([count]);
        let soft = softmax(logits.div_scalar(self.config.temperature), 1);
        let confidence = soft.clone().max_dim(1).reshape([count]);
        let kept = confidence
            .clone()
            .greater_equal_elem(self.config.threshold)
            .float();
        PseudoLabels {
            labels,
            soft,
            // As real as the confidence is.
            kept: kept.cast(confidence.dtype()),
        }
    }

    /// The student's update on pseudo-labels; gives L_u and its gradient before any clipping, where that
    /// did not overflow.
    fn student_step(
        &mut self,
        input: &StepInput,
        pseudo: &PseudoLabels,
        rate: f64,
    ) -> (Tensor<1>, Option<GradientsParams>) {
        let view = match self.config.student_view {
            View::Weak => input.weak.clone(),
            View::Strong => input.strong.clone(),
        };
        let losses = cross_entropy(
            self.student.logits(self.precision.of(view)),
            pseudo.labels.clone(),
            0.0,
        );
        let loss = (losses * pseudo.kept.clone()).mean();
        let gradients = self
            .loss_scale
            .gradients(loss.clone(), &self.student, &self.device);
        if let Some(gradients) = &gradients {
            self.update_student(gradients, rate);
        }
        (loss.without_autodiff(), gradients)
    }

    fn update_student(&mut self, gradients: &GradientsParams, rate: f64) {
        let limited = self
            .clip_norm
            .map(|most| clipped(&self.student, gradients, most, &self.device));
        let gradients = limited.as_ref().unwrap_or(gradients);
        self.student = self.student_sgd.step(rate, self.student.clone(), gradients);
        self.follow_student();
    }

    fn follow_student(&mut self) {
        if let (Some(decay), Some(average)) = (self.config.ema, self.average.take()) {
            self.average = Some(moving_average::towards(average, &self.student, decay));
        }
    }

    /// The student's loss on the labelled pictures alone, batch-normalised by them, and the copy of it
    /// that was asked: the student's own running statistics stay those of its training.
    fn student_on_labels(&self, input: &StepInput) -> (M, Tensor<1>) {
        let copy = self.student.valid().train();
        let logits = copy.logits(self.precision.of(input.labelled.clone()));
        let loss = soft_cross_entropy(logits, input.targets.clone(), 0.0).mean();
        (copy, loss)
    }

    fn without_baseline(&mut self, feedback: Tensor<1>) -> Tensor<1> {
        let Some(decay) = self.config.baseline else {
            return feedback;
        };
        let share = feedback.clone().mul_scalar(1.0 - decay);
        let average = match self.baseline.take() {
            Some(average) => average.mul_scalar(decay) + share,
            None => share,
        };
        self.baseline = Some(average.clone());
        feedback - average
    }
}

/// The teacher's logits of the labelled, the weak and the strong pictures, by one forward over all of them, so that
/// batch normalisation sees one batch.
fn logits_of_views<M: Classifier>(teacher: &M, input: &StepInput, precision: Precision) -> [Tensor<2>; 3] {
    let [labelled, ..] = input.labelled.dims();
    let [unlabelled, ..] = input.weak.dims();
    let all = vec![input.labelled.clone(), input.weak.clone(), input.strong.clone()];
    let logits = teacher.logits(precision.of(Tensor::cat(all, 0)));
    let part = |from: usize, count: usize| logits.clone().slice([from..from + count, 0..CLASS_COUNT]);
    [
        part(0, labelled),
        part(labelled, unlabelled),
        part(labelled + unlabelled, unlabelled),
    ]
}

/// Cross-entropy of each row of `[n, 8]` logits, `[n]`; `smoothing` of the labels' weight is spread
/// over all classes, as `torch.nn.CrossEntropyLoss` does.
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    let [count, _] = logits.dims();
    let log = log_softmax(logits, 1);
    let picked = log.clone().gather(1, labels.reshape([count, 1])).reshape([count]);
    if smoothing == 0.0 {
        return picked.neg();
    }
    let spread = log.mean_dim(1).reshape([count]);
    (picked.mul_scalar(1.0 - smoothing) + spread.mul_scalar(smoothing)).neg()
}
