//! How a sound of more than two channels becomes one of two.

/// Channels that are heard beside the left (0) or the right (1) one, of so many in the order of browsers (Web Audio API, "Channel Ordering": four
/// are left, right and two behind them, six have a centre and low effects between): the centre, and the one behind on the same side. Low effects
/// are left out, as there.
pub fn heard_beside(channel: u32, channels: u32) -> impl Iterator<Item = u32> {
    let centre = match channels {
        3 | 5.. => Some(2),
        _ => None,
    };
    let behind = match channels {
        4 => Some(2 + channel),
        5 => Some(3 + channel),
        6.. => Some(4 + channel),
        _ => None,
    };
    centre.into_iter().chain(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_but_the_low_effects_is_heard_once_or_in_the_middle() {
        let beside = |channels| [0, 1].map(|side| heard_beside(side, channels).collect::<Vec<u32>>());
        assert_eq!(beside(1), [Vec::<u32>::new(), Vec::new()]);
        assert_eq!(beside(2), beside(1));
        assert_eq!(beside(3), [vec![2], vec![2]]);
        assert_eq!(beside(4), [vec![2], vec![3]]);
        assert_eq!(beside(5), [vec![2, 3], vec![2, 4]]);
        assert_eq!(beside(6), [vec![2, 4], vec![2, 5]]);
    }
}
