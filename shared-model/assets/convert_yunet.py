"""Converts YuNet (face_detection_yunet_2026may.onnx of the OpenCV Zoo) to the safetensors file beside this script, once.

The file has batch normalisation folded into its convolutions already. Units (a 1x1 convolution, then a 3x3 one by channel) are
numbered in the order in which the network runs them; each level's heads become one unit, with the channels of class, object,
box and landmarks behind each other. Usage: convert_yunet.py IN.onnx OUT.safetensors
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

HEADS = ("cls", "obj", "bbox", "kps")
LEVELS = 3

model = onnx.load(sys.argv[1])
initial = {i.name: numpy_helper.to_array(i).astype(np.float32) for i in model.graph.initializer}
convs = [node for node in model.graph.node if node.op_type == "Conv"]
heads = [node for node in convs if node.input[1].startswith("bbox_head.")]
body = [node for node in convs if not node.input[1].startswith("bbox_head.")]
out = {}


def put(name, weight, bias):
    out[f"{name}.weight"], out[f"{name}.bias"] = (np.ascontiguousarray(values) for values in (weight, bias))


def stored(node):
    return initial[node.input[1]], initial[node.input[2]]


put("stem", *stored(body[0]))
points, depths = body[1::2], body[2::2]
assert len(points) == len(depths)
for unit, (point, depth) in enumerate(zip(points, depths)):
    put(f"units.{unit}.point", *stored(point))
    put(f"units.{unit}.depth", *stored(depth))
for level in range(LEVELS):
    for part, place in (("point", "conv1"), ("depth", "conv2")):
        found = [[n for n in heads if n.input[1] == f"bbox_head.multi_level_{head}.{level}.{place}.weight"] for head in HEADS]
        weights, biases = zip(*(stored(node) for (node,) in found))
        put(f"units.{len(points) + level}.{part}", np.concatenate(weights), np.concatenate(biases))
save_file(
    out,
    sys.argv[2],
    metadata={
        "name": "YuNet 2026may",
        "licence": "MIT, Copyright (c) 2020 Shiqi Yu <shiqi.yu@gmail.com>",
        "source": "OpenCV Zoo, face_detection_yunet_2026may.onnx",
    },
)
print(len(points) + LEVELS, "units,", sum(values.size for values in out.values()), "weights")
