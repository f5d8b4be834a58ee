//! Where a picture lies in a box that it does not fill.

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// A picture of `picture` (width, height) centred in `area` as `object-fit: contain` does it.
#[must_use]
pub fn contain(picture: (f64, f64), area: (f64, f64)) -> Option<Rect> {
    if picture.0 <= 0.0 || picture.1 <= 0.0 || area.0 <= 0.0 || area.1 <= 0.0 {
        return None;
    }
    let scale = (area.0 / picture.0).min(area.1 / picture.1);
    let (w, h) = (picture.0 * scale, picture.1 * scale);
    Some(Rect {
        x: (area.0 - w) / 2.0,
        y: (area.1 - h) / 2.0,
        w,
        h,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_picture_has_bars_above_and_below() {
        let rect = contain((1920.0, 1080.0), (800.0, 800.0)).unwrap();
        assert_eq!((rect.x, rect.w), (0.0, 800.0));
        assert_eq!((rect.y, rect.h), (175.0, 450.0));
        assert_eq!(contain((0.0, 10.0), (5.0, 5.0)), None);
    }
}
