//! Which of a picture's faces its label speaks of.

use shared_model::face_box::FaceBox;

/// The place in `faces` of the face that a picture of `width` x `height` pixels is labelled for; `None` where it was not found.
///
/// Where the dataset says where the face is (`known`), it is the face that overlaps this box most, if its centre lies in it.
/// Else datasets cut pictures around the face that they mean: it is the face with the largest area, weighted by its centre's
/// nearness to the picture's (1 there, 0 in a corner).
#[must_use]
pub fn labelled_face(
    faces: &[FaceBox],
    known: Option<&FaceBox>,
    [width, height]: [usize; 2],
) -> Option<usize> {
    let middle = FaceBox::whole(width, height).center();
    let to_corner = middle.0.hypot(middle.1);
    let weight = |face: &FaceBox| {
        let center = face.center();
        let Some(known) = known else {
            let distance = (center.0 - middle.0).hypot(center.1 - middle.1);
            return Some(face.w * face.h * (1.0 - distance / to_corner));
        };
        let is_inside = (known.x..=known.x + known.w).contains(&center.0)
            && (known.y..=known.y + known.h).contains(&center.1);
        is_inside.then(|| face.iou(known))
    };
    let weighted = faces
        .iter()
        .enumerate()
        .filter_map(|(place, face)| Some((place, weight(face)?)));
    // Of equal ones the first, which is the detector's surest.
    let best = weighted.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, y: f32, side: f32) -> FaceBox {
        FaceBox {
            x,
            y,
            w: side,
            h: side,
            score: 1.0,
            roll_deg: 0.0,
        }
    }

    #[test]
    fn the_large_face_in_the_middle_is_meant() {
        let of = |faces: &[FaceBox]| labelled_face(faces, None, [200, 200]);
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[face(0.0, 0.0, 10.0)]),
            Some(0),
            "a single face is meant wherever it is"
        );
        let (middle, corner) = (face(60.0, 60.0, 80.0), face(5.0, 5.0, 80.0));
        assert_eq!(of(&[corner, middle]), Some(1), "of equal size, the middle one");
        assert_eq!(
            of(&[face(95.0, 95.0, 10.0), corner]),
            Some(1),
            "a speck in the middle is nobody"
        );
        assert_eq!(of(&[middle, middle]), Some(0));
    }

    #[test]
    fn a_box_of_the_dataset_decides() {
        let (left, right) = (face(10.0, 60.0, 60.0), face(120.0, 60.0, 60.0));
        let of = |known: FaceBox| labelled_face(&[left, right], Some(&known), [200, 200]);
        assert_eq!(of(face(125.0, 70.0, 50.0)), Some(1));
        assert_eq!(of(face(0.0, 50.0, 80.0)), Some(0));
        assert_eq!(of(face(80.0, 0.0, 30.0)), None, "the labelled face was not found");
    }
}
