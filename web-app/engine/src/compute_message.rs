//! What the coordinator and a compute worker say to each other. One question at a time, each has one answer.

use js_sys::{Array, Float32Array, Uint8Array};
use serde::{Deserialize, Serialize};
use shared_model::expression::CLASS_COUNT;
use shared_model::face_box::FaceBox;
use shared_model::face_look::{FaceLook, LOOK_LEN};
use shared_model::face_reader::SeenFace;
use wasm_bindgen::prelude::*;

use crate::raw_frame::{FrameHeader, RawFrame};

/// Which device a compute worker shall use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceWish {
    /// The CPU, with SIMD.
    Cpu,
    /// The graphics adapter.
    WebGpu {
        /// Whether one that is software will do.
        software_will_do: bool,
    },
}

/// To a compute worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ToCompute {
    /// Take a device. Answered by `Device` or `Failed`.
    TakeDevice { wish: DeviceWish },
    /// Take a model (attachment: an array of its bytes and the detector's) and, on a graphics adapter, check it against the CPU. Answered by
    /// `ModelTaken`, `ModelRefused` (the file's fault) or `Failed` (the device's fault).
    TakeModel,
    /// Find and recognise the faces of some frames (attachment: an array of their bytes). `first` is the number of the first one where they
    /// follow each other in a film. Answered by `Faces`, `FramesRefused` (the frames' fault) or `Failed` (the device's fault).
    Read {
        frames: Vec<FrameHeader>,
        first: Option<usize>,
    },
    /// Run the model's backbone, or a random full ResNet-50 at 224, this often. Answered by `Measured`.
    Benchmark {
        passes: u32,
        /// Whether the model in force is meant; its logits are then comparable with another program's.
        #[serde(default)]
        of_model: bool,
    },
    /// Destroy the graphics device, as a driver's reset would. Not answered.
    LoseDevice,
}

/// From a compute worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum FromCompute {
    /// The device in use, for the person.
    Device { name: String },
    /// The model is in use.
    ModelTaken,
    /// The model file does not fit.
    ModelRefused { reason: String },
    /// Faces of the frames asked for, `counts` of them a frame (attachment: their rows, see [`face_rows`]).
    Faces { counts: Vec<usize> },
    /// A frame cannot be used.
    FramesRefused { reason: String },
    /// Milliseconds that all passes took, and the logits of the last one.
    Measured { total_ms: f64, logits: Vec<f32> },
    /// The device cannot be used (any more).
    Failed { reason: String },
}

/// Bytes of all frames, as an attachment.
pub fn frame_bytes(frames: &[RawFrame]) -> JsValue {
    frames.iter().map(|frame| &frame.bytes).collect::<Array>().into()
}

/// Takes an array of bytes ([`frame_bytes`], a model and the detector) apart.
pub fn bytes_of_all(attachment: &JsValue) -> Vec<Vec<u8>> {
    Array::from(attachment)
        .iter()
        .map(|bytes| Uint8Array::new(&bytes).to_vec())
        .collect()
}

/// Faces as one row of numbers each: x, y, w, h, score, roll, the logits, the look, the feature. Numbers in one array cross to another
/// worker as a block.
pub fn face_rows(faces: &[Vec<SeenFace>]) -> JsValue {
    let mut rows = Vec::new();
    for face in faces.iter().flatten() {
        let FaceBox {
            x,
            y,
            w,
            h,
            score,
            roll_deg,
        } = face.face_box;
        rows.extend([x, y, w, h, score, roll_deg]);
        rows.extend(face.logits);
        // A look of one brightness is like all others, and says nothing.
        let look = face.look.as_ref().map_or(&[0; LOOK_LEN][..], FaceLook::cells);
        rows.extend(look.iter().map(|cell| f32::from(*cell)));
        rows.extend(&face.feature);
    }
    Float32Array::from(rows.as_slice()).into()
}

/// Takes [`face_rows`] apart; `None` if the numbers do not fit the counts.
pub fn faces_of_rows(counts: &[usize], attachment: &JsValue) -> Option<Vec<Vec<SeenFace>>> {
    let values = attachment.dyn_ref::<Float32Array>()?.to_vec();
    let total: usize = counts.iter().sum();
    if total == 0 {
        return Some(vec![Vec::new(); counts.len()]);
    }
    let row_len = values.len() / total;
    let mut rows = values.chunks_exact(row_len.max(1));
    counts
        .iter()
        .map(|count| (0..*count).map(|_| face_of_row(rows.next()?)).collect())
        .collect()
}

fn face_of_row(row: &[f32]) -> Option<SeenFace> {
    let (face_box, rest) = row.split_at_checked(6)?;
    let (logits, rest) = rest.split_at_checked(CLASS_COUNT)?;
    let (look, feature) = rest.split_at_checked(LOOK_LEN)?;
    let [x, y, w, h, score, roll_deg] = face_box.try_into().ok()?;
    Some(SeenFace {
        face_box: FaceBox {
            x,
            y,
            w,
            h,
            score,
            roll_deg,
        },
        logits: logits.try_into().ok()?,
        feature: feature.to_vec(),
        look: FaceLook::of_cells(look.iter().map(|cell| *cell as u8).collect()),
    })
}
