//! The processor's own training operations against burn's layers: values and gradients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly, in their helpers too"
)]

use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm_train, conv2d};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Gradients, Tensor};
use shared_model::cpu_training::{NormInput, convolve, is_for, normalise};

const EPSILON: f64 = 1e-5;

fn device() -> Device {
    let device = Device::flex();
    device.seed(7);
    device.autodiff()
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device).require_grad()
}

fn assert_close<const D: usize>(what: &str, ours: Tensor<D>, theirs: Tensor<D>) {
    assert_eq!(ours.dims(), theirs.dims(), "{what}");
    let scale = theirs.clone().abs().max().into_scalar::<f32>().max(1.0);
    let error = (ours - theirs).abs().max().into_scalar::<f32>();
    // NaN must not pass.
    assert!(error <= 2e-5 * scale, "{what}: off by {error} of {scale}");
}

fn gradient<const D: usize>(of: &Tensor<D>, gradients: &Gradients) -> Tensor<D> {
    of.grad(gradients).expect("a gradient").without_autodiff()
}

/// Kernel, stride, padding, `[batch, in, out, height, width]`.
const CONVOLUTIONS: [(usize, usize, usize, [usize; 5]); 8] = [
    (1, 1, 0, [3, 5, 7, 6, 4]),
    (1, 2, 0, [2, 6, 4, 7, 9]),
    (3, 1, 1, [3, 4, 6, 5, 8]),
    (3, 2, 1, [2, 5, 3, 8, 7]),
    (3, 2, 1, [1, 2, 3, 1, 1]),
    (7, 2, 3, [2, 3, 5, 17, 19]),
    (3, 1, 1, [4, 70, 40, 12, 12]),
    (1, 1, 0, [2, 300, 130, 9, 9]),
];

#[test]
fn convolutions_and_their_gradients_are_burns() {
    let device = device();
    for (kernel, stride, padding, [batch, channels_in, channels_out, height, width]) in CONVOLUTIONS {
        let what = format!("kernel {kernel}, stride {stride}, {height}x{width}");
        let x = random([batch, channels_in, height, width], &device);
        let weight = random([channels_out, channels_in, kernel, kernel], &device);
        assert!(is_for(&x));
        let options = ConvOptions::new([stride, stride], [padding, padding], [1, 1], 1);
        let theirs = conv2d(x.clone(), weight.clone(), None, options);
        let ours = convolve(x.clone(), weight.clone(), stride, padding);
        assert_close(
            &what,
            ours.clone().without_autodiff(),
            theirs.clone().without_autodiff(),
        );
        // Any function of the output, so that each value has a gradient of its own.
        let pull = Tensor::random(theirs.dims(), Distribution::Normal(0.0, 1.0), &device);
        let theirs = (theirs * pull.clone()).sum().backward();
        let ours = (ours * pull).sum().backward();
        assert_close(
            &format!("{what}, weight"),
            gradient(&weight, &ours),
            gradient(&weight, &theirs),
        );
        assert_close(
            &format!("{what}, input"),
            gradient(&x, &ours),
            gradient(&x, &theirs),
        );
    }
}

#[test]
fn normalisations_and_their_gradients_are_burns() {
    let device = device();
    for (with_sum, with_relu) in [(false, false), (false, true), (true, true), (true, false)] {
        let shape = [3, 6, 5, 7];
        let x = random(shape, &device);
        let added = random(shape, &device);
        let (gamma, beta) = (random([6], &device), random([6], &device));
        let burns = batch_norm_train(x.clone(), gamma.clone(), beta.clone(), EPSILON);
        let theirs = if with_sum {
            burns.output + added.clone()
        } else {
            burns.output
        };
        let theirs = if with_relu { relu(theirs) } else { theirs };
        let ours = normalise(NormInput {
            x: x.clone(),
            gamma: gamma.clone(),
            beta: beta.clone(),
            added: with_sum.then(|| added.clone()),
            epsilon: EPSILON,
            relu: with_relu,
        });
        let what = format!("sum {with_sum}, relu {with_relu}");
        assert_close(
            &what,
            ours.output.clone().without_autodiff(),
            theirs.clone().without_autodiff(),
        );
        assert_close(
            "mean",
            ours.mean.without_autodiff(),
            burns.mean.without_autodiff(),
        );
        assert_close(
            "variance",
            ours.variance.without_autodiff(),
            burns.variance.without_autodiff(),
        );
        let pull = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let theirs = (theirs * pull.clone()).sum().backward();
        let ours = (ours.output * pull).sum().backward();
        for (name, of) in [("gamma", &gamma), ("beta", &beta)] {
            assert_close(
                &format!("{what}, {name}"),
                gradient(of, &ours),
                gradient(of, &theirs),
            );
        }
        assert_close(
            &format!("{what}, input"),
            gradient(&x, &ours),
            gradient(&x, &theirs),
        );
        if with_sum {
            assert_close(
                &format!("{what}, added"),
                gradient(&added, &ours),
                gradient(&added, &theirs),
            );
        }
    }
}

/// What one operation leaves goes into the next as it lies in memory, and comes back so.
#[test]
fn operations_take_what_the_others_give() {
    let device = device();
    let x = random([3, 4, 6, 6], &device);
    let (first, second) = (random([5, 4, 3, 3], &device), random([4, 5, 1, 1], &device));
    let (gamma, beta) = (random([4], &device), random([4], &device));
    let options = |padding| ConvOptions::new([1, 1], [padding, padding], [1, 1], 1);
    let theirs = conv2d(x.clone(), first.clone(), None, options(1));
    let theirs = conv2d(theirs, second.clone(), None, options(0));
    let theirs = batch_norm_train(theirs, gamma.clone(), beta.clone(), EPSILON);
    let theirs = relu(theirs.output + x.clone());
    let ours = normalise(NormInput {
        x: convolve(convolve(x.clone(), first.clone(), 1, 1), second.clone(), 1, 0),
        gamma,
        beta,
        added: Some(x.clone()),
        epsilon: EPSILON,
        relu: true,
    });
    let ours = ours.output;
    assert_close(
        "forward",
        ours.clone().without_autodiff(),
        theirs.clone().without_autodiff(),
    );
    let (theirs, ours) = (
        theirs.powi_scalar(2).sum().backward(),
        ours.powi_scalar(2).sum().backward(),
    );
    assert_close("input", gradient(&x, &ours), gradient(&x, &theirs));
    assert_close("first weight", gradient(&first, &ours), gradient(&first, &theirs));
    assert_close(
        "second weight",
        gradient(&second, &ours),
        gradient(&second, &theirs),
    );
}

/// A broken training must show.
#[test]
fn nan_is_passed_on() {
    let device = device();
    let x = Tensor::<4>::full([2, 2, 3, 3], f32::NAN, &device);
    let output = normalise(NormInput {
        x,
        gamma: Tensor::ones([2], &device),
        beta: Tensor::zeros([2], &device),
        added: None,
        epsilon: EPSILON,
        relu: true,
    });
    assert!(
        output
            .output
            .without_autodiff()
            .try_into_vec_as::<f32>()
            .unwrap()
            .iter()
            .all(|value| value.is_nan())
    );
}
