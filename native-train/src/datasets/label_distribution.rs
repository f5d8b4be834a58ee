//! A label that may be shared between classes.

use shared_model::expression::{CLASS_COUNT, ClassScores, Expression};

/// How likely a picture shows each class, as the people who labelled it say. Adds up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelDistribution(ClassScores);

impl LabelDistribution {
    /// All of one class.
    #[must_use]
    pub fn certain(class: Expression) -> Self {
        Self(Expression::ALL.map(|other| f32::from(u8::from(other == class))))
    }

    /// In proportion to these weights, such as votes, in the classes' order; `None` where one of them is
    /// negative or not finite, or all are 0.
    #[must_use]
    pub fn of_weights(weights: [f64; CLASS_COUNT]) -> Option<Self> {
        let sum: f64 = weights.iter().sum();
        let usable = weights.iter().all(|weight| *weight >= 0.0) && sum > 0.0 && sum.is_finite();
        usable.then(|| Self(weights.map(|weight| (weight / sum) as f32)))
    }

    /// In the classes' order.
    #[must_use]
    pub fn probabilities(&self) -> &ClassScores {
        &self.0
    }

    /// The most probable class; of equal ones the first.
    #[must_use]
    pub fn top(&self) -> Expression {
        Expression::argmax(&self.0)
    }

    /// The most probable class; `None` where there is another one of the same probability.
    #[must_use]
    pub fn single_top(&self) -> Option<Expression> {
        let top = self.top();
        let best = self.0.get(top.index())?;
        (self.0.iter().filter(|value| *value == best).count() == 1).then_some(top)
    }

    /// Whether one class has all of it.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.0.iter().filter(|value| **value > 0.0).count() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_shares_and_nonsense_is_refused() {
        let shares = LabelDistribution::of_weights([3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(
            shares.probabilities(),
            &[0.75, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0]
        );
        assert_eq!(shares.single_top(), Some(Expression::Neutral));
        let tied = LabelDistribution::of_weights([0.0, 2.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!((tied.top(), tied.single_top()), (Expression::Anger, None));
        for bad in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(LabelDistribution::of_weights([bad; CLASS_COUNT]), None);
        }
        for class in Expression::ALL {
            assert_eq!(LabelDistribution::certain(class).single_top(), Some(class));
        }
    }
}
