"""Writes torchvision's full ResNet-50 with random weights as ONNX, batch normalisation folded into the convolutions."""

import sys

import onnx
import torch
import torchvision

torch.manual_seed(1)
network = torchvision.models.resnet50(num_classes=8).eval()
# Exported for evaluation, torch folds each normalisation into the convolution before it.
torch.onnx.export(network, torch.zeros(1, 3, 224, 224), sys.argv[1], opset_version=16, input_names=["x"], output_names=["y"])
kinds = {node.op_type for node in onnx.load(sys.argv[1]).graph.node}
if "BatchNormalization" in kinds:
    sys.exit("the exported network still holds batch normalisations")
