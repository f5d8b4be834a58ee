//! Training pictures that are mixed from two, and their labels with them.

use rand::Rng;
use rand::seq::SliceRandom as _;
use shared_model::expression::ClassScores;

use crate::run_config::mixing_config::MixingConfig;

/// Mixes each picture `[3, size, size]` of a batch with another one of it, and their targets in the same shares.
pub fn mix(
    pictures: &mut [Vec<f32>],
    targets: &mut [ClassScores],
    size: usize,
    config: &MixingConfig,
    random: &mut impl Rng,
) {
    if config.is_off() {
        return;
    }
    let mut partners: Vec<usize> = (0..pictures.len()).collect();
    partners.shuffle(random);
    // Partners as they were before anything was mixed.
    let (others, their_targets) = (pictures.to_vec(), targets.to_vec());
    for ((picture, target), partner) in pictures.iter_mut().zip(targets).zip(partners) {
        let (Some(other), Some(their_target)) = (others.get(partner), their_targets.get(partner)) else {
            continue;
        };
        if random.random::<f64>() >= config.chance {
            continue;
        }
        let cuts = config.mixup == 0.0 || (config.cutmix > 0.0 && random.random::<bool>());
        let kept = if cuts {
            let kept = symmetric_beta(config.cutmix, random);
            Rectangle::random(1.0 - kept, size, random).copy(other, picture, size)
        } else {
            let kept = symmetric_beta(config.mixup, random) as f32;
            blend(picture, other, kept);
            kept
        };
        blend(target, their_target, kept);
    }
}

/// `kept` of `values` and the rest of `others`.
fn blend(values: &mut [f32], others: &[f32], kept: f32) {
    for (value, other) in values.iter_mut().zip(others) {
        *value = kept * *value + (1.0 - kept) * other;
    }
}

/// A draw from Beta(alpha, alpha), alpha above 0 and up to 1 (Jöhnk 1964: at least half of the tries succeed).
fn symmetric_beta(alpha: f64, random: &mut impl Rng) -> f64 {
    loop {
        let x = random.random::<f64>().powf(1.0 / alpha);
        let y = random.random::<f64>().powf(1.0 / alpha);
        // Both are 0 where alpha is so small that powers vanish.
        if x + y <= 1.0 && x + y > 0.0 {
            return x / (x + y);
        }
    }
}

/// A part of a square picture in pixels.
struct Rectangle {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Rectangle {
    /// With this share of the area around a random middle; what is outside of the picture is cut off.
    fn random(share: f64, size: usize, random: &mut impl Rng) -> Self {
        let side = (size as f64 * share.sqrt()).round() as usize;
        let mut span = || {
            let middle = random.random_range(0..size);
            let begin = middle.saturating_sub(side / 2);
            (begin, (middle + side.div_ceil(2)).min(size))
        };
        let ((left, right), (top, bottom)) = (span(), span());
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    /// Lays this part of `from` over `onto` and gives the share of `onto` that is still seen.
    fn copy(&self, from: &[f32], onto: &mut [f32], size: usize) -> f32 {
        let planes = onto
            .chunks_exact_mut(size * size)
            .zip(from.chunks_exact(size * size));
        for (onto, from) in planes {
            let rows = onto.chunks_exact_mut(size).zip(from.chunks_exact(size));
            for (onto, from) in rows.take(self.bottom).skip(self.top) {
                let pixels = onto.iter_mut().zip(from);
                for (onto, from) in pixels.take(self.right).skip(self.left) {
                    *onto = *from;
                }
            }
        }
        let covered = (self.right - self.left) * (self.bottom - self.top);
        1.0 - covered as f32 / (size * size) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_stream::random_of;
    use shared_model::expression::CLASS_COUNT;

    const SIZE: usize = 16;

    /// Eight pictures, each of one value, that of its class.
    fn batch() -> (Vec<Vec<f32>>, Vec<ClassScores>) {
        (0..CLASS_COUNT)
            .map(|class| {
                let mut target = [0.0; CLASS_COUNT];
                target[class] = 1.0;
                (vec![class as f32; 3 * SIZE * SIZE], target)
            })
            .unzip()
    }

    fn mixed(config: MixingConfig, stream: u64) -> (Vec<Vec<f32>>, Vec<ClassScores>) {
        let (mut pictures, mut targets) = batch();
        mix(
            &mut pictures,
            &mut targets,
            SIZE,
            &config,
            &mut random_of(3, stream),
        );
        (pictures, targets)
    }

    #[test]
    fn targets_are_mixed_in_the_shares_that_the_pictures_show() {
        let off = MixingConfig::default();
        for config in [
            MixingConfig { mixup: 0.4, ..off },
            MixingConfig { cutmix: 1.0, ..off },
            MixingConfig {
                mixup: 0.8,
                cutmix: 0.8,
                chance: 0.7,
            },
        ] {
            let mut moved = 0;
            for stream in 0..50 {
                let (pictures, targets) = mixed(config, stream);
                for (class, (picture, target)) in pictures.iter().zip(&targets).enumerate() {
                    // The mean of what is seen is the mean of the classes' values.
                    let seen = picture.iter().sum::<f32>() / picture.len() as f32;
                    let said: f32 = target
                        .iter()
                        .zip(0..)
                        .map(|(share, value)| share * value as f32)
                        .sum();
                    assert!((seen - said).abs() < 1e-4, "{seen} and {said}");
                    assert!((target.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                    moved += usize::from(target[class] < 0.999);
                }
            }
            assert!(moved > 100, "{moved}");
        }
        assert_eq!(mixed(off, 0), batch());
        let never = MixingConfig {
            mixup: 1.0,
            cutmix: 1.0,
            chance: 0.0,
        };
        assert_eq!(mixed(never, 0), batch());
    }

    #[test]
    fn a_cut_shows_pixels_of_two_pictures_and_a_mixture_none() {
        let values = |config: MixingConfig| {
            let mut seen = Vec::new();
            for stream in 0..20 {
                for picture in mixed(config, stream).0 {
                    seen.extend(picture);
                }
            }
            seen
        };
        let off = MixingConfig::default();
        let cut = values(MixingConfig { cutmix: 1.0, ..off });
        assert!(cut.iter().all(|value| value.fract() == 0.0));
        let blended = values(MixingConfig { mixup: 1.0, ..off });
        assert!(blended.iter().any(|value| value.fract() > 0.01));
    }

    #[test]
    fn shares_have_the_moments_of_the_beta_distribution() {
        const DRAWS: usize = 20_000;
        for alpha in [0.2, 0.5, 1.0] {
            let mut random = random_of(7, 0);
            let drawn: Vec<f64> = (0..DRAWS).map(|_| symmetric_beta(alpha, &mut random)).collect();
            let mean = drawn.iter().sum::<f64>() / DRAWS as f64;
            let variance = drawn.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>() / DRAWS as f64;
            // Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1)).
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            // Five standard errors of the mean; the squares' spread is below a quarter.
            let error = (expected / DRAWS as f64).sqrt();
            assert!((mean - 0.5).abs() < 5.0 * error, "{alpha}: {mean}");
            let error = 0.125 / (DRAWS as f64).sqrt();
            assert!((variance - expected).abs() < 5.0 * error, "{alpha}: {variance}");
        }
    }
}
