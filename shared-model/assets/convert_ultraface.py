"""Converts UltraFace RFB-320 (version-RFB-320.onnx, or model/fr_detect.onnx of the npm package
faceplugin-face-recognition-js 0.0.1) to the safetensors file beside this script, once.

Batch normalisation is folded into the convolutions; convolutions are numbered in the order in
which the network runs them. Usage: convert_ultraface.py IN.onnx OUT.safetensors
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

model = onnx.load(sys.argv[1])
initial = {i.name: numpy_helper.to_array(i).astype(np.float64) for i in model.graph.initializer}
norms = {n.input[0]: n for n in model.graph.node if n.op_type == "BatchNormalization"}
out = {}
count = 0
for node in model.graph.node:
    if node.op_type != "Conv":
        continue
    weight = initial[node.input[1]]
    bias = initial[node.input[2]] if len(node.input) > 2 else np.zeros(weight.shape[0])
    norm = norms.get(node.output[0])
    if norm is not None:
        gamma, beta, mean, var = (initial[name] for name in norm.input[1:5])
        epsilon = next(a.f for a in norm.attribute if a.name == "epsilon")
        scale = gamma / np.sqrt(var + epsilon)
        weight = weight * scale[:, None, None, None]
        bias = (bias - mean) * scale + beta
    out[f"convs.{count}.weight"] = weight.astype(np.float32)
    out[f"convs.{count}.bias"] = bias.astype(np.float32)
    count += 1
save_file(
    out,
    sys.argv[2],
    metadata={
        "name": "UltraFace RFB-320",
        "licence": "MIT, Copyright (c) 2019 linzai",
        "source": "npm faceplugin-face-recognition-js 0.0.1, model/fr_detect.onnx",
    },
)
print(count, "convolutions")
