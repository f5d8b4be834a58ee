//! A network that follows another as an exponential moving average.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// `decay` * average + (1 - `decay`) * network, over parameters and running statistics. `average` is
/// without autodiff.
#[must_use]
pub fn towards<M: Module>(average: M, network: &M, decay: f64) -> M {
    let mut values = Values(Vec::new());
    network.valid().visit(&mut values);
    // From the back, so that `pop` gives the first.
    values.0.reverse();
    average.map(&mut Follow {
        values: values.0,
        decay,
    })
}

struct Values(Vec<Tensor<1>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().without_autodiff();
        let length: usize = value.dims().iter().product();
        self.0.push(value.reshape([length]));
    }
}

struct Follow {
    values: Vec<Tensor<1>>,
    decay: f64,
}

impl ModuleMapper for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(value) = self.values.pop() else {
            return param;
        };
        let decay = self.decay;
        param.map(|average| {
            let shape = average.dims();
            average.without_autodiff().mul_scalar(decay) + value.mul_scalar(1.0 - decay).reshape(shape)
        })
    }
}
