"""Networks with seeded random weights, made by torch and torchvision, and our model files of them."""

import json

import numpy as np
import torch
import torchvision
from golden import write_tensors

CLASSES = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"]
MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]


def resnet(blocks=(3, 4, 6, 3), width=64, size=224, seed=1, classes=8):
    """A ResNet of bottlenecks in evaluation mode whose BatchNorm scales, shifts and statistics are all non-trivial.

    The statistics are near those of real activations, so that values stay of order one through all layers.
    """
    torch.manual_seed(seed)
    network = torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, list(blocks), num_classes=classes)
    if width != 64:
        network = _narrowed(list(blocks), width, classes)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    last_of_block = {block.bn3 for stage in _stages(network) for block in stage}
    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
            # The sum over the blocks of a stage would grow without end otherwise.
            scale = 0.5 if norm in last_of_block else 1.0
            norm.weight.uniform_(0.6 * scale, 1.4 * scale)
            norm.bias.normal_(0.0, 0.2)
        network.train()
        network(pictures(4, size, seed + 1))
        for norm in norms:
            norm.momentum = 0.1
            norm.running_mean.add_(0.2 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt())
            norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(0.7, 1.4))
        network.fc.weight.normal_(0.0, 2.0 / network.fc.in_features**0.5)
        network.fc.bias.normal_(0.0, 0.3)
    return network.eval()


def _stages(network):
    return [network.layer1, network.layer2, network.layer3, network.layer4]


def _narrowed(blocks, width, classes):
    """torchvision fixes the stem at 64 channels; its own code builds any other width once that number is replaced."""

    class Narrow(torchvision.models.ResNet):
        def _make_layer(self, block, planes, count, stride=1, dilate=False):
            if planes == 64 and self.inplanes == 64:
                self.inplanes = width
                self.conv1 = torch.nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
                self.bn1 = torch.nn.BatchNorm2d(width)
            return super()._make_layer(block, planes * width // 64, count, stride, dilate)

    network = Narrow(torchvision.models.resnet.Bottleneck, blocks, num_classes=classes)
    network.fc = torch.nn.Linear(32 * width, classes)
    return network


def pictures(count, size, seed):
    """Smooth random pictures, normalised, `[count, 3, size, size]`."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 14, 14, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    noisy = (smooth + 0.1 * torch.randn(count, 3, size, size, generator=generator)).clamp(0, 1)
    return (noisy - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def resnet_outputs(network, inputs):
    """Pooled features and logits as arrays."""
    found = {}
    hook = network.avgpool.register_forward_hook(lambda _m, _i, output: found.update(features=output.flatten(1)))
    with torch.no_grad():
        logits = network(inputs)
    hook.remove()
    return found["features"].numpy(), logits.numpy()


class Temporal(torch.nn.Module):
    """Linear, sinusoidal positions of "Attention Is All You Need", torch's own encoder, linear."""

    def __init__(self, feature_len, layers=4, heads=4, d_model=512, d_ff=512, positions=True, seed=2):
        super().__init__()
        torch.manual_seed(seed)
        self.shape = {"layers": layers, "heads": heads, "d_model": d_model, "d_ff": d_ff, "positions": positions}
        self.input = torch.nn.Linear(feature_len, d_model)
        layer = torch.nn.TransformerEncoderLayer(d_model, heads, d_ff, dropout=0.3, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = torch.nn.Linear(d_model, 8)
        with torch.no_grad():
            # torch copies one layer's weights and leaves biases at 0 and norms at 1: that would hide mistakes.
            for name, parameter in self.named_parameters():
                if "norm" in name:
                    parameter.uniform_(0.5, 1.5) if name.endswith("weight") else parameter.normal_(0.0, 0.3)
                elif name.endswith("bias"):
                    parameter.normal_(0.0, 0.3)
                else:
                    parameter.normal_(0.0, parameter.shape[1] ** -0.5)
        self.eval()

    def forward(self, features, missing):
        x = self.input(features)
        if self.shape["positions"]:
            x = x + torch.from_numpy(sinusoids(x.shape[1], x.shape[2]))
        return self.head(self.encoder(x, src_key_padding_mask=missing))


def sinusoids(frames, width):
    """`[frames, width]`, sine at even and cosine at odd places."""
    angles = np.arange(frames)[:, None] / 10000.0 ** (np.arange(0, width, 2)[None] / width)
    return np.stack([np.sin(angles), np.cos(angles)], 2).reshape(frames, width).astype(np.float32)


def write_model(path, network, temporal=None, size=224, half=False, changes=None):
    """Writes our model file by its documented layout, without our own code."""
    weights = {}
    for prefix, module in (("backbone", network), ("temporal", temporal)):
        for name, tensor in (module.state_dict() if module else {}).items():
            if not name.endswith("num_batches_tracked"):
                weights[f"{prefix}.{name}"] = tensor.numpy().astype(np.float16 if half else np.float32)
    blocks = [len(stage) for stage in _stages(network)]
    metadata = {
        "format": "mien",
        "format_version": "1",
        "classes": json.dumps(CLASSES),
        "input_size": str(size),
        "mean": json.dumps(MEAN),
        "std": json.dumps(STD),
        "clip_length": "64",
        "window": "30",
        "backbone": json.dumps({"blocks": blocks, "width": network.conv1.out_channels}),
        "dtype": "f16" if half else "f32",
        "training": json.dumps({"note": "random weights, for checks"}),
    }
    if temporal:
        metadata["temporal"] = json.dumps(temporal.shape)
    write_tensors(path, weights, metadata | (changes or {}))
