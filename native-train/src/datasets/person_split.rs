//! Which persons are held back for evaluation.

/// Whether a person (or video) is held back: decided by a hash of the name and the seed, so that no
/// person stands on both sides, a person's side does not depend on who else is there, and about
/// `share` of the persons are held back.
#[must_use]
pub fn is_held_back(person: &str, share: f64, seed: u64) -> bool {
    unit_hash(seed, person.as_bytes()) < share
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

    #[test]
    fn the_share_is_about_right_and_another_seed_holds_back_others() {
        let held = |seed: u64| -> Vec<usize> {
            (0..1000)
                .filter(|person| is_held_back(&person.to_string(), 0.2, seed))
                .collect()
        };
        for seed in 0..5 {
            // Five standard deviations of a binomial around 200.
            let count = held(seed).len();
            assert!((137..=263).contains(&count), "{count}");
        }
        assert_ne!(held(7), held(8));
    }
}
