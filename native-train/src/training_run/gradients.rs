//! Arithmetic on the gradients of all parameters of a network.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

/// The scalar product `<a, b>` over all parameters of `module` that have both gradients, as one
/// value on the device, without a graph.
#[must_use]
pub fn dot<M: Module>(module: &M, a: &GradientsParams, b: &GradientsParams, device: &Device) -> Tensor<1> {
    let mut products = Products {
        a,
        b,
        sums: Vec::new(),
    };
    module.visit(&mut products);
    if products.sums.is_empty() {
        return Tensor::zeros([1], device);
    }
    Tensor::cat(products.sums, 0).sum()
}

/// The gradients scaled down, all by the same factor, where their norm over all parameters is above
/// `most` (as `torch.nn.utils.clip_grad_norm_`).
#[must_use]
pub fn clipped<M: Module>(
    module: &M,
    gradients: &GradientsParams,
    most: f64,
    device: &Device,
) -> GradientsParams {
    let norm = dot(module, gradients, gradients, device).sqrt();
    let factor = (norm + 1e-6).recip().mul_scalar(most).clamp_max(1.0);
    scaled(module, gradients, factor)
}

/// The gradients times `factor` `[1]`.
#[must_use]
pub fn scaled<M: Module>(module: &M, gradients: &GradientsParams, factor: Tensor<1>) -> GradientsParams {
    let mut scale = Scale {
        factor,
        from: gradients,
        to: GradientsParams::new(),
    };
    module.visit(&mut scale);
    scale.to
}

struct Products<'a> {
    a: &'a GradientsParams,
    b: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Products<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let (Some(a), Some(b)) = (self.a.get::<D>(param.id), self.b.get::<D>(param.id)) {
            self.sums
                .push((a.without_autodiff() * b.without_autodiff()).sum());
        }
    }
}

struct Scale<'a> {
    factor: Tensor<1>,
    from: &'a GradientsParams,
    to: GradientsParams,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.from.get::<D>(param.id) {
            let gradient = gradient.without_autodiff();
            let factor = self.factor.clone().reshape([1; D]);
            self.to.register(param.id, gradient * factor);
        }
    }
}
