//! Which persons are held back for evaluation.

use crate::pretrain::labelled_pictures::LabelledPicture;

/// Pictures to train on and pictures of other persons to evaluate on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSplit {
    /// For training.
    pub training: Vec<LabelledPicture>,
    /// For evaluation.
    pub held_back: Vec<LabelledPicture>,
}

impl PersonSplit {
    /// Splits by a hash of each person and the seed, so that no person stands on both sides, a
    /// person's side does not depend on who else is there, and about `share` of the persons are held
    /// back.
    #[must_use]
    pub fn new(pictures: Vec<LabelledPicture>, share: f64, seed: u64) -> Self {
        let (held_back, training) = pictures
            .into_iter()
            .partition(|picture| unit_hash(seed, picture.person.as_bytes()) < share);
        Self { training, held_back }
    }
}

/// FNV-1a of the bytes, mixed (splitmix64's finaliser) to a number from 0 up to 1.
fn unit_hash(seed: u64, bytes: &[u8]) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().iter().chain(bytes) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::Expression;
    use std::collections::HashSet;

    fn pictures(persons: usize) -> Vec<LabelledPicture> {
        (0..persons * 3)
            .map(|i| LabelledPicture {
                path: format!("{i}.jpg").into(),
                label: Expression::ALL[i % 8],
                person: (i % persons).to_string(),
            })
            .collect()
    }

    #[test]
    fn no_person_stands_on_both_sides_and_the_share_is_about_right() {
        for seed in 0..5 {
            let split = PersonSplit::new(pictures(1000), 0.2, seed);
            let persons =
                |list: &[LabelledPicture]| list.iter().map(|p| p.person.clone()).collect::<HashSet<_>>();
            let (training, held_back) = (persons(&split.training), persons(&split.held_back));
            assert!(training.is_disjoint(&held_back));
            assert_eq!(training.len() + held_back.len(), 1000);
            // Five standard deviations of a binomial around 200.
            assert!((137..=263).contains(&held_back.len()), "{}", held_back.len());
        }
    }

    #[test]
    fn more_persons_do_not_move_those_that_were_there() {
        let few = PersonSplit::new(pictures(50), 0.3, 7);
        let many = PersonSplit::new(pictures(80), 0.3, 7);
        let there: HashSet<_> = many.held_back.iter().map(|p| &p.person).collect();
        assert!(
            few.held_back
                .iter()
                .all(|picture| there.contains(&picture.person))
        );
        assert_ne!(few, PersonSplit::new(pictures(50), 0.3, 8));
    }
}
