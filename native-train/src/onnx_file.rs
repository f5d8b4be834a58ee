//! The backbone with its per-frame head as an ONNX file (opset 13), for programs that read neither safetensors nor burn.
//!
//! Input `pictures` `[n, 3, size, size]`, normalised as the metadata say; outputs `features` `[n, feature_len]` (pooled) and
//! `logits` `[n, 8]`, before the temperature. The messages are those of ONNX's `onnx.proto3`; the few fields that are used are
//! written here, since a library of them is larger than this file.

use anyhow::{Context as _, Result};
use shared_model::backbone::{BACKBONE_PREFIX, BackboneVisitor, ConvLayer, HeadLayer, PoolLayer, Then};
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::model_file::{ModelFile, ModelMetadata, Weight};

/// Version of the format's container.
const IR_VERSION: u64 = 8;
/// Version of the operators.
const OPSET: u64 = 13;
/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;
/// `AttributeProto.AttributeType`.
const ATTRIBUTE_FLOAT: u64 = 1;
const ATTRIBUTE_INT: u64 = 2;
const ATTRIBUTE_INTS: u64 = 7;
/// torchvision's of all batch normalisation.
const EPSILON: f32 = 1e-5;

/// A message of protocol buffers under construction.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value > 0x7F {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn int(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }
}

/// A graph under construction: nodes in the order in which they run, and the weights that they name.
struct Graph<'a> {
    model: &'a ModelFile,
    nodes: Vec<Message>,
    weights: Vec<Message>,
}

/// What a node is set to.
enum Setting<'a> {
    Int(&'a str, u64),
    Ints(&'a str, &'a [u64]),
    Float(&'a str, f32),
}

impl Graph<'_> {
    /// Adds a node with one output, which is given back.
    fn node(&mut self, operator: &str, inputs: &[&str], output: &str, settings: &[Setting<'_>]) -> String {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        node = node.text(2, output).text(3, output).text(4, operator);
        for setting in settings {
            let attribute = match setting {
                Setting::Int(name, value) => Message::default()
                    .text(1, name)
                    .int(3, *value)
                    .int(20, ATTRIBUTE_INT),
                Setting::Float(name, value) => Message::default()
                    .text(1, name)
                    .float(2, *value)
                    .int(20, ATTRIBUTE_FLOAT),
                Setting::Ints(name, values) => {
                    let named = Message::default().text(1, name);
                    let with = values.iter().fold(named, |message, value| message.int(8, *value));
                    with.int(20, ATTRIBUTE_INTS)
                }
            };
            node = node.message(5, &attribute);
        }
        self.nodes.push(node);
        output.to_owned()
    }

    /// Adds a weight of the model under its name there.
    fn weight(&mut self, name: &str) -> Result<String> {
        let named = format!("{BACKBONE_PREFIX}{name}");
        let weight: &Weight = self
            .model
            .weights
            .get(&named)
            .with_context(|| format!("tensor `{named}` is missing"))?;
        let mut tensor = Message::default();
        for side in &weight.shape {
            tensor = tensor.int(1, *side as u64);
        }
        let values: Vec<u8> = weight
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.weights
            .push(tensor.int(2, FLOAT).text(8, name).bytes(9, &values));
        Ok(name.to_owned())
    }

    /// The normalisation of a map.
    fn normalised(&mut self, input: &str, norm: &str) -> Result<String> {
        let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| self.weight(&format!("{norm}.{part}")));
        Ok(self.node(
            "BatchNormalization",
            &[input, &gamma?, &beta?, &mean?, &variance?],
            &format!("{norm}.out"),
            &[Setting::Float("epsilon", EPSILON)],
        ))
    }

    fn relu(&mut self, input: &str) -> String {
        self.node("Relu", &[input], &format!("{input}.relu"), &[])
    }
}

/// Maps are the names of the nodes' outputs.
impl BackboneVisitor for Graph<'_> {
    type Map = String;
    type Output = ();
    type Error = anyhow::Error;

    fn convolution(&mut self, layer: ConvLayer, input: String, then: Then<String>) -> Result<String> {
        let kernel = self.weight(&format!("{}.weight", layer.conv))?;
        let side = layer.kernel as u64;
        let convolved = self.node(
            "Conv",
            &[&input, &kernel],
            &format!("{}.out", layer.conv),
            &[
                Setting::Ints("kernel_shape", &[side; 2]),
                Setting::Ints("strides", &[layer.stride as u64; 2]),
                Setting::Ints("pads", &[side / 2; 4]),
            ],
        );
        let normalised = self.normalised(&convolved, &layer.norm)?;
        Ok(match then {
            Then::Nothing => normalised,
            Then::Relu => self.relu(&normalised),
            Then::AddRelu(added) => {
                let sum = format!("{}.sum", layer.norm);
                let sum = self.node("Add", &[&normalised, &added], &sum, &[]);
                self.relu(&sum)
            }
        })
    }

    fn max_pool(&mut self, layer: PoolLayer, input: String) -> Result<String> {
        let settings = [
            Setting::Ints("kernel_shape", &[layer.kernel as u64; 2]),
            Setting::Ints("strides", &[layer.stride as u64; 2]),
            Setting::Ints("pads", &[layer.padding as u64; 4]),
        ];
        Ok(self.node("MaxPool", &[&input], &format!("{input}.pooled"), &settings))
    }

    fn head(&mut self, layer: HeadLayer, input: String) -> Result<()> {
        let mean = self.node("GlobalAveragePool", &[&input], "mean", &[]);
        let features = self.node("Flatten", &[&mean], "features", &[]);
        let [weight, bias] = ["weight", "bias"].map(|part| self.weight(&format!("{}.{part}", layer.name)));
        let settings = [Setting::Int("transB", 1)];
        self.node("Gemm", &[&features, &weight?, &bias?], "logits", &settings);
        Ok(())
    }
}

/// The model's backbone and head as the bytes of an ONNX file.
///
/// # Errors
/// When the model lacks a weight.
pub fn bytes(model: &ModelFile) -> Result<Vec<u8>> {
    let metadata = &model.metadata;
    let mut graph = Graph {
        model,
        nodes: Vec::new(),
        weights: Vec::new(),
    };
    metadata.backbone.walk(&mut graph, "pictures".to_owned())?;
    let size = metadata.input.size as u64;
    let mut described = Message::default();
    for node in &graph.nodes {
        described = described.message(1, node);
    }
    described = described.text(2, "mien backbone");
    for weight in &graph.weights {
        described = described.message(5, weight);
    }
    described = described
        .message(11, &value("pictures", &[3, size, size]))
        .message(12, &value("features", &[metadata.backbone.feature_len() as u64]))
        .message(12, &value("logits", &[CLASS_COUNT as u64]));
    let mut file = Message::default()
        .int(1, IR_VERSION)
        .text(2, "mien")
        .text(3, env!("CARGO_PKG_VERSION"))
        .message(7, &described)
        .message(8, &Message::default().int(2, OPSET));
    for (key, told) in properties(metadata) {
        file = file.message(14, &Message::default().text(1, key).text(2, &told));
    }
    Ok(file.0)
}

/// What one must know to use it.
fn properties(metadata: &ModelMetadata) -> Vec<(&'static str, String)> {
    let classes = Expression::ALL.map(Expression::name).join(",");
    let numbers = |values: [f32; 3]| values.map(|value| value.to_string()).join(",");
    vec![
        ("classes", classes),
        ("mean", numbers(metadata.input.mean)),
        ("std", numbers(metadata.input.std)),
        (
            "colour",
            serde_json::json!(metadata.input.colour)
                .to_string()
                .replace('"', ""),
        ),
        ("temperature", metadata.temperatures.frame.to_string()),
        ("framing", serde_json::json!(metadata.framing).to_string()),
    ]
}

/// A value of the graph: a batch of `n`, each of these dimensions.
fn value(name: &str, dimensions: &[u64]) -> Message {
    let batch = Message::default().text(2, "n");
    let shape = dimensions
        .iter()
        .fold(Message::default().message(1, &batch), |shape, side| {
            shape.message(1, &Message::default().int(1, *side))
        });
    let tensor = Message::default().int(1, FLOAT).message(2, &shape);
    Message::default()
        .text(1, name)
        .message(2, &Message::default().message(1, &tensor))
}
