//! Codec strings of the WebCodecs registry, from the records in which containers describe a stream, or its first frame.

use crate::bytes::number;

/// Bytes of an `hvcC` record before its parameter sets.
const HEVC_RECORD: usize = 23;

/// Level 4.0, where a file does not say its own: enough for the buffers of most, and no decoder refuses it.
const AV1_LEVEL: u64 = 8;

/// `hvc1.2.4.L93.B0`, from an `hvcC` record. `entry` is the sample entry's name (`hvc1`, `hev1`).
pub(crate) fn hevc(entry: &str, record: &[u8]) -> Option<String> {
    if record.len() < HEVC_RECORD {
        return None;
    }
    let profile = number(record, 1, 1);
    let space = match profile >> 6 {
        1 => "A",
        2 => "B",
        3 => "C",
        _ => "",
    };
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatibility = (number(record, 2, 4) as u32).reverse_bits();
    let level = number(record, 12, 1);
    let mut codec = format!(
        "{entry}.{space}{}.{compatibility:X}.{tier}{level}",
        profile & 0x1F
    );
    // Of the six bytes of constraints those at the end that are 0 are left out.
    let constraints = record.get(6..12).unwrap_or_default();
    let count = constraints
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    for byte in constraints.iter().take(count) {
        codec.push_str(&format!(".{byte:X}"));
    }
    Some(codec)
}

/// `avc1.64001F`, from an `avcC` record. `entry` is the sample entry's name (`avc1`, `avc3`).
pub(crate) fn avc(entry: &str, record: &[u8]) -> Option<String> {
    (record.len() >= 7).then(|| format!("{entry}.{:06X}", number(record, 1, 3)))
}

/// `av01.0.08M.10`, from an `av1C` record, or the likeliest where there is none.
pub(crate) fn av1(record: &[u8]) -> String {
    // Marker and version; profile (3 bits) and level (5); tier, high bit depth, twelve bits.
    let (profile_level, flags) = if record.len() >= 4 {
        (number(record, 1, 1), number(record, 2, 1))
    } else {
        (AV1_LEVEL, 0)
    };
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    format!(
        "av01.{}.{:02}{tier}.{depth:02}",
        profile_level >> 5,
        profile_level & 0x1F
    )
}

/// Profile, level and bit depth of VP9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vp9 {
    profile: u64,
    level: u64,
    depth: u64,
}

impl Vp9 {
    /// What a stream is that says nothing: 8 bits, 4:2:0.
    pub(crate) const USUAL: Self = Self {
        profile: 0,
        level: 10,
        depth: 8,
    };

    /// From a `vpcC` box with its version and flags.
    pub(crate) fn from_vpcc(record: &[u8]) -> Option<Self> {
        (record.len() >= 8).then(|| Self {
            profile: number(record, 4, 1),
            level: Some(number(record, 5, 1))
                .filter(|level| *level > 0)
                .unwrap_or(Self::USUAL.level),
            depth: number(record, 6, 1) >> 4,
        })
    }

    /// From a WebM's CodecPrivate: features, each an identifier, a length and that many bytes.
    pub(crate) fn from_features(mut private: &[u8]) -> Option<Self> {
        let (mut profile, mut level, mut depth) = (None, None, None);
        while let [id, len, rest @ ..] = private {
            let value = rest.first().map(|value| u64::from(*value));
            match id {
                1 => profile = value,
                2 => level = value,
                3 => depth = value,
                _ => {}
            }
            private = rest.get(usize::from(*len)..).unwrap_or_default();
        }
        let profile = profile?;
        Some(Self {
            profile,
            level: level.filter(|level| *level > 0).unwrap_or(Self::USUAL.level),
            depth: depth.unwrap_or(if profile < 2 { 8 } else { 10 }),
        })
    }

    /// From a key frame's own header.
    pub(crate) fn from_key_frame(frame: &[u8]) -> Option<Self> {
        let bits = number(frame, 0, 6);
        // 48 bits, the first one in front.
        let bit = |place: u32| bits >> (47 - place) & 1;
        let field = |from: u32, len: u32| bits >> (48 - from - len) & ((1 << len) - 1);
        let profile = bit(2) | bit(3) << 1;
        // A reserved bit follows profile 3 alone.
        let at = if profile == 3 { 5 } else { 4 };
        let (shows_existing, is_no_key) = (bit(at), bit(at + 1));
        let is_key = field(0, 2) == 2 && shows_existing == 0 && is_no_key == 0;
        // Behind `show_frame` and `error_resilient_mode`.
        if frame.len() < 6 || !is_key || field(at + 4, 24) != 0x0049_8342 {
            return None;
        }
        let depth = match (profile, bit(at + 28)) {
            (0 | 1, _) => 8,
            (_, 0) => 10,
            (_, _) => 12,
        };
        Some(Self {
            profile,
            level: Self::USUAL.level,
            depth,
        })
    }

    /// `vp09.02.10.10`.
    pub(crate) fn codec(self) -> String {
        format!("vp09.{:02}.{:02}.{:02}", self.profile, self.level, self.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_the_standards_examples() {
        // ISO/IEC 14496-15, annex E: main profile, and main 10 with one byte of constraints.
        let mut record = vec![1, 1, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93];
        record.resize(HEVC_RECORD, 0);
        assert_eq!(hevc("hvc1", &record).unwrap(), "hvc1.1.6.L93.B0");
        record[1..6].copy_from_slice(&[0x22, 0x20, 0, 0, 0]);
        record[6..13].copy_from_slice(&[0x90, 0, 8, 0, 0, 0, 150]);
        assert_eq!(hevc("hev1", &record).unwrap(), "hev1.2.4.H150.90.0.8");
        assert_eq!(hevc("hev1", &record[..22]), None);
        assert_eq!(
            avc("avc1", &[1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0]).unwrap(),
            "avc1.64001F"
        );
        assert_eq!(av1(&[0x81, 0x04, 0x4C, 0]), "av01.0.04M.10");
        assert_eq!(av1(&[]), "av01.0.08M.08");
    }

    #[test]
    fn vp9_is_told_by_whatever_there_is() {
        assert_eq!(
            Vp9::from_vpcc(&[1, 0, 0, 0, 2, 31, 0xA2, 9]).unwrap().codec(),
            "vp09.02.31.10"
        );
        assert_eq!(
            Vp9::from_features(&[1, 1, 2, 2, 1, 20, 3, 1, 12, 4, 1, 1])
                .unwrap()
                .codec(),
            "vp09.02.20.12"
        );
        assert_eq!(Vp9::from_features(&[]), None);
        // Profile 0 and a shown key frame; profile 2 at ten and twelve bits.
        assert_eq!(
            Vp9::from_key_frame(&[0x82, 0x49, 0x83, 0x42, 0, 0]),
            Some(Vp9::USUAL)
        );
        assert_eq!(
            Vp9::from_key_frame(&[0x92, 0x49, 0x83, 0x42, 0x00, 0])
                .unwrap()
                .codec(),
            "vp09.02.10.10"
        );
        assert_eq!(
            Vp9::from_key_frame(&[0x92, 0x49, 0x83, 0x42, 0x80, 0])
                .unwrap()
                .codec(),
            "vp09.02.10.12"
        );
        assert_eq!(Vp9::from_key_frame(&[0x86, 0x49, 0x83, 0x42, 0, 0]), None);
        assert_eq!(Vp9::from_key_frame(&[0x82, 0x49]), None);
    }
}
