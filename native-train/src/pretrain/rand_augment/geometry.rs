//! Rotation and covering.

use crate::pretrain::rand_augment::picture::Picture;

/// What comes in from outside the picture, and what covers it.
const GREY: [u8; 3] = [127; 3];

/// About the middle, counter-clockwise, bilinear.
pub(super) fn rotate(picture: &Picture, degrees: f32) -> Picture {
    let (width, height) = (picture.width as f64, picture.height as f64);
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let (middle_x, middle_y) = (width / 2.0, height / 2.0);
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..picture.height {
        for x in 0..picture.width {
            let (dx, dy) = (x as f64 + 0.5 - middle_x, y as f64 + 0.5 - middle_y);
            let from_x = middle_x + cos * dx - sin * dy;
            let from_y = middle_y + sin * dx + cos * dy;
            let inside = (0.0..width).contains(&from_x) && (0.0..height).contains(&from_y);
            pixels.push(if inside {
                bilinear(picture, from_x - 0.5, from_y - 0.5)
            } else {
                GREY
            });
        }
    }
    Picture { pixels, ..*picture }
}

fn bilinear(picture: &Picture, x: f64, y: f64) -> [u8; 3] {
    let (left, top) = (x.floor(), y.floor());
    let (part_x, part_y) = (x - left, y - top);
    let at = |x: f64, y: f64| {
        let x = x.clamp(0.0, (picture.width - 1) as f64) as usize;
        let y = y.clamp(0.0, (picture.height - 1) as f64) as usize;
        picture.pixels[y * picture.width + x]
    };
    let corners = [
        at(left, top),
        at(left + 1.0, top),
        at(left, top + 1.0),
        at(left + 1.0, top + 1.0),
    ];
    std::array::from_fn(|channel| {
        let value = |corner: usize| f64::from(corners[corner][channel]);
        let upper = value(0) + part_x * (value(1) - value(0));
        let lower = value(2) + part_x * (value(3) - value(2));
        (upper + part_y * (lower - upper)) as u8
    })
}

pub(super) fn cover(mut picture: Picture, left: usize, top: usize, side: usize) -> Picture {
    for row in picture
        .pixels
        .chunks_exact_mut(picture.width)
        .skip(top)
        .take(side)
    {
        for pixel in row.iter_mut().skip(left).take(side) {
            *pixel = GREY;
        }
    }
    picture
}
