//! Changes that follow from each channel's histogram, as `PIL.ImageOps`.

use crate::pretrain::rand_augment::picture::Picture;

pub(super) fn auto_contrast(picture: Picture) -> Picture {
    each_channel(picture, |counts| {
        let low = counts.iter().position(|count| *count > 0).unwrap_or(0);
        let high = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        if high <= low {
            return identity();
        }
        let scale = 255.0 / (high - low) as f64;
        let offset = -(low as f64) * scale;
        std::array::from_fn(|value| (value as f64 * scale + offset) as u8)
    })
}

pub(super) fn equalize(picture: Picture) -> Picture {
    each_channel(picture, |counts| {
        let there = counts.iter().filter(|count| **count > 0);
        let last = there.clone().next_back().copied().unwrap_or(0);
        let step = (counts.iter().sum::<u32>() - last) / 255;
        if there.count() <= 1 || step == 0 {
            return identity();
        }
        let mut sum = step / 2;
        std::array::from_fn(|value| {
            let mapped = (sum / step).min(255) as u8;
            sum += counts[value];
            mapped
        })
    })
}

fn identity() -> [u8; 256] {
    std::array::from_fn(|value| value as u8)
}

fn each_channel(mut picture: Picture, table: impl Fn(&[u32; 256]) -> [u8; 256]) -> Picture {
    for channel in 0..3 {
        let mut counts = [0; 256];
        for pixel in &picture.pixels {
            counts[usize::from(pixel[channel])] += 1;
        }
        let table = table(&counts);
        for pixel in &mut picture.pixels {
            pixel[channel] = table[usize::from(pixel[channel])];
        }
    }
    picture
}
