//! A compute worker: takes a device and a model, then turns frames into faces with features.

use burn::tensor::{Device, Tensor, TensorData};
use futures_util::StreamExt as _;
use js_sys::Array;
use shared_model::backbone::{Backbone, BackboneShape};
use shared_model::detected_face::DetectError;
use shared_model::face_detector::FaceDetector;
use shared_model::face_reader::{FaceReader, FaceReaderError};
use shared_model::model_file::ModelFile;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::adapter::Adapter;
use crate::compute_message::{DeviceWish, FromCompute, ToCompute, bytes_of_all, face_rows};
use crate::raw_frame::FrameHeader;
use crate::self_check;
use crate::worker_scope::{messages, now_ms, on_panic, post, unpack};

enum TakenDevice {
    Cpu,
    Gpu(Adapter),
}

#[derive(Default)]
struct Compute {
    device: Option<TakenDevice>,
    reader: Option<FaceReader>,
    benchmark: Option<Backbone>,
}

/// Answers questions until the worker is terminated.
pub fn run(early: &Array) {
    on_panic(|reason| post(&FromCompute::Failed { reason }, &JsValue::NULL));
    let mut questions = messages(early);
    spawn_local(async move {
        let mut compute = Compute::default();
        while let Some(question) = questions.next().await {
            match unpack::<ToCompute>(&question) {
                Ok((ToCompute::LoseDevice, _)) => compute.lose_device(),
                Ok((question, attachment)) => {
                    let (answer, attachment) = compute.answer(question, attachment).await;
                    post(&answer, &attachment);
                }
                Err(reason) => post(&FromCompute::Failed { reason }, &JsValue::NULL),
            }
        }
    });
}

impl TakenDevice {
    fn burn(&self) -> Device {
        match self {
            Self::Cpu => Device::flex(),
            Self::Gpu(adapter) => adapter.device.clone(),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Cpu => "CPU".to_owned(),
            Self::Gpu(adapter) => format!("WebGPU - {}", adapter.name),
        }
    }
}

impl Compute {
    async fn answer(&mut self, question: ToCompute, attachment: JsValue) -> (FromCompute, JsValue) {
        let answer = match question {
            ToCompute::TakeDevice { wish } => self.take_device(wish).await,
            ToCompute::TakeModel => match bytes_of_all(&attachment).as_slice() {
                [model, detector] => self.take_model(model, detector).await,
                _ => no_device(),
            },
            ToCompute::Read { frames, first } => return self.read(&frames, first, &attachment).await,
            ToCompute::Benchmark { passes, of_model } => self.measure(passes, of_model).await,
            ToCompute::LoseDevice => self.device_name(),
        };
        (answer, JsValue::NULL)
    }

    fn lose_device(&self) {
        if let Some(TakenDevice::Gpu(adapter)) = &self.device {
            adapter.lose();
        }
    }

    fn device_name(&self) -> FromCompute {
        match &self.device {
            Some(device) => FromCompute::Device { name: device.name() },
            None => no_device(),
        }
    }

    async fn take_device(&mut self, wish: DeviceWish) -> FromCompute {
        self.device = Some(match wish {
            DeviceWish::Cpu => TakenDevice::Cpu,
            DeviceWish::WebGpu { software_will_do } => match Adapter::open(software_will_do).await {
                Ok(adapter) => TakenDevice::Gpu(adapter),
                Err(reason) => return FromCompute::Failed { reason },
            },
        });
        self.device_name()
    }

    async fn take_model(&mut self, bytes: &[u8], detector: &[u8]) -> FromCompute {
        let Some(device) = &self.device else {
            return no_device();
        };
        let refused = |error: shared_model::model_file::ModelFileError| FromCompute::ModelRefused {
            reason: error.to_string(),
        };
        let model = match ModelFile::from_bytes(bytes) {
            Ok(model) => model,
            Err(error) => return refused(error),
        };
        let burn = device.burn();
        let finder = match FaceDetector::from_bytes(model.metadata.framing.detector, detector, &burn) {
            Ok(finder) => finder,
            Err(error) => {
                return FromCompute::Failed {
                    reason: format!("the face detector's file: {error}"),
                };
            }
        };
        match FaceReader::new(&model, Some(finder), &burn) {
            Ok(reader) => self.reader = Some(reader),
            Err(error) => return refused(error),
        }
        if let TakenDevice::Gpu(_) = device
            && let Err(reason) = self_check::run(&model, detector, &burn).await
        {
            return FromCompute::Failed {
                reason: format!("the graphics adapter failed the self-check: {reason}"),
            };
        }
        FromCompute::ModelTaken
    }

    async fn read(
        &self,
        headers: &[FrameHeader],
        first: Option<usize>,
        attachment: &JsValue,
    ) -> (FromCompute, JsValue) {
        let Some(reader) = &self.reader else {
            return (no_device(), JsValue::NULL);
        };
        let frames = headers
            .iter()
            .zip(bytes_of_all(attachment))
            .map(|(header, bytes)| header.frame(bytes))
            .collect::<Result<Vec<_>, _>>();
        let refused = |reason| (FromCompute::FramesRefused { reason }, JsValue::NULL);
        let frames = match frames {
            Ok(frames) => frames,
            Err(reason) => return refused(reason),
        };
        let faces = match first {
            Some(first) => {
                let numbers: Vec<usize> = (first..).take(frames.len()).collect();
                reader.read_film(&numbers, &frames).await
            }
            None => reader.read(&frames).await,
        };
        match faces {
            Ok(faces) => {
                let counts = faces.iter().map(Vec::len).collect();
                (FromCompute::Faces { counts }, face_rows(&faces))
            }
            Err(FaceReaderError::Read(error) | FaceReaderError::Detect(DetectError::Read(error))) => {
                let reason = root_cause(&error.to_string());
                (FromCompute::Failed { reason }, JsValue::NULL)
            }
            Err(error) => refused(error.to_string()),
        }
    }

    /// The model's backbone, or the full ResNet-50 at 224 with random weights, one picture at a time.
    async fn measure(&mut self, passes: u32, of_model: bool) -> FromCompute {
        let Some(device) = self.device.as_ref().map(TakenDevice::burn) else {
            return no_device();
        };
        let (network, size) = if of_model {
            let Some(reader) = &self.reader else {
                return no_device();
            };
            (reader.backbone(), reader.input_size())
        } else {
            let init = || BackboneShape::default().init(&device).fold();
            (&*self.benchmark.get_or_insert_with(init), 224)
        };
        // A formula, so that a program that is measured beside sees the same picture.
        let values: Vec<f32> = (0..3 * size * size)
            .map(|i| (i as f64 * 0.37).sin() as f32)
            .collect();
        let picture = Tensor::<4>::from_data(TensorData::new(values, [1, 3, size, size]), &device);
        let mut logits = Vec::new();
        let begin = now_ms();
        for _ in 0..passes {
            let (_, found) = network.forward(picture.clone());
            let read = found.into_data_async().await.map_err(|error| error.to_string());
            let read = read.and_then(|data| {
                data.convert::<f32>()
                    .try_into_vec::<f32>()
                    .map_err(|error| format!("{error:?}"))
            });
            match read {
                Ok(values) => logits = values,
                Err(reason) => return FromCompute::Failed { reason },
            }
        }
        FromCompute::Measured {
            total_ms: now_ms() - begin,
            logits,
        }
    }
}

/// The line that names the cause in an error that lists layers and a backtrace.
fn root_cause(error: &str) -> String {
    let layers = error.split("Backtrace:").next().unwrap_or(error);
    let cause = layers.rsplit("Caused by:").next().unwrap_or(layers);
    cause
        .trim()
        .lines()
        .next()
        .unwrap_or("the device does not answer")
        .to_owned()
}

fn no_device() -> FromCompute {
    FromCompute::Failed {
        reason: "the worker has no device or model yet".to_owned(),
    }
}
