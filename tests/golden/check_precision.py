"""Gradients in 16 bits: how far rounding alone turns them, by the same casts written in PyTorch on the same weights.

The mean cosine between gradients in 16 and in 32 bits is far from 1 on a small random network. PyTorch's is as far: with
batch normalisation a rounded activation moves a channel's statistics and with them all pictures. On the processor half
precision has one cause more: burn sums a convolution of at most 4 channels to at most 16 in half precision.
"""

import numpy as np
import torch
from golden import Checks, run_network
from random_networks import pictures, resnet, write_model
from torch.nn.functional import conv2d, cross_entropy, fold, relu, unfold

SIZE = 160
COUNT = 6
DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16}
# Keeps small gradients in the range of half precision, and is exact to divide by.
FACTORS = {"f32": 1, "f16": 1024, "bf16": 1}
# How far our mean cosine to 32 bits may be from that of PyTorch.
LIMIT = 0.01


def rounded(dtype):
    """Rounds values to 16 bits on the way there and gradients on the way back; sums are in 32 bits."""

    class Rounded(torch.autograd.Function):
        @staticmethod
        def forward(_context, x):
            return x.to(dtype).to(torch.float32)

        @staticmethod
        def backward(_context, gradient):
            return gradient.to(dtype).to(torch.float32)

    return Rounded.apply


class SummedInHalf(torch.autograd.Function):
    """A convolution whose every product and sum on the way there is rounded to half precision."""

    @staticmethod
    def forward(context, x, weight, stride, padding):
        context.save_for_backward(x, weight)
        context.window = stride, padding
        half = lambda values: values.to(torch.float16).to(torch.float32)
        columns = unfold(x, weight.shape[-1], stride=stride, padding=padding)
        output = torch.zeros(len(x), len(weight), columns.shape[-1])
        for weights, values in zip(weight.flatten(1).unbind(1), columns.unbind(1)):
            output = half(output + half(weights[None, :, None] * values[:, None]))
        return output.unflatten(2, (-1, x.shape[3] // stride))

    @staticmethod
    def backward(context, gradient):
        x, weight = context.saved_tensors
        stride, padding = context.window
        side, gradient = weight.shape[-1], gradient.flatten(2)
        columns = unfold(x, side, stride=stride, padding=padding)
        of_weight = torch.einsum("bol,bkl->ok", gradient, columns).view_as(weight)
        of_x = fold(weight.flatten(1).t() @ gradient, x.shape[2:], side, stride=stride, padding=padding)
        return of_x, of_weight, None, None


class Halved(torch.nn.Module):
    """torchvision's network with weights, statistics and the head in 32 bits and everything between in 16."""

    def __init__(self, network, cast, narrow_in_half):
        super().__init__()
        self.network, self.cast, self.narrow_in_half = network, cast, narrow_in_half

    def convolved(self, x, convolution, norm):
        weight, stride, padding = self.cast(convolution.weight), convolution.stride, convolution.padding
        if self.narrow_in_half and weight.shape[1] <= 4 and weight.shape[0] <= 16:
            x = SummedInHalf.apply(x, weight, stride[0], padding[0])
        else:
            x = conv2d(x, weight, None, stride, padding)
        return self.cast(norm(self.cast(x)))

    def block(self, x, block):
        # The gradients of both ways are added in 16 bits.
        x = self.cast(x)
        around = self.convolved(x, *block.downsample) if block.downsample is not None else x
        x = relu(self.convolved(x, block.conv1, block.bn1))
        x = relu(self.convolved(x, block.conv2, block.bn2))
        return relu(self.cast(self.convolved(x, block.conv3, block.bn3) + around))

    def forward(self, x):
        network = self.network
        x = network.maxpool(relu(self.convolved(self.cast(x), network.conv1, network.bn1)))
        for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
            for block in stage:
                x = self.block(x, block)
        return network.fc(self.cast(x).mean((2, 3)))


def gradients_of(network, logits, labels, factor=1):
    """By name, of the cross-entropy."""
    network.zero_grad()
    (cross_entropy(logits.float(), labels) * factor).backward()
    return {name: parameter.grad.float().numpy() / factor for name, parameter in network.named_parameters()}


def mean_cosine(a, b):
    """The mean over the parameters of the cosine between two gradients."""

    def one(x, y):
        x, y = x.ravel().astype(np.float64), y.ravel().astype(np.float64)
        return x @ y / np.linalg.norm(x) / np.linalg.norm(y)

    return float(np.mean([one(a[name], b[name]) for name in b]))


def compare(checks, folder, width):
    network = resnet((1, 1, 1, 1), width, SIZE, seed=41).train()
    path = folder / "m.safetensors"
    write_model(path, network, size=SIZE)
    inputs, labels = pictures(COUNT, SIZE, 42), torch.arange(COUNT)

    def ours(precision):
        arguments = ["gradients", path, "--precision", precision, "--factor", FACTORS[precision]]
        found = run_network(folder, {"pictures": inputs, "labels": labels}, *arguments)
        found.pop("loss")
        return found

    exact, theirs_exact = ours("f32"), gradients_of(network, network(inputs), labels)
    checks.at_least(f"width {width}, f32, mean cosine to PyTorch's", mean_cosine(exact, theirs_exact), 0.99999)
    for precision, dtype in DTYPES.items():
        cast, factor = rounded(dtype), FACTORS[precision]
        theirs = gradients_of(network, Halved(network, cast, precision == "f16")(inputs), labels, factor)
        to_exact, theirs_to_exact = mean_cosine(ours(precision), exact), mean_cosine(theirs, theirs_exact)
        detail = f"mean cosines to f32: ours {to_exact:.4f}, PyTorch's {theirs_to_exact:.4f}"
        checks.at_most(f"width {width}, {precision}, as far as PyTorch", abs(to_exact - theirs_to_exact), LIMIT, detail)
        if precision == "f16":
            wide = gradients_of(network, Halved(network, cast, False)(inputs), labels, factor)
            print(f"       with all sums in 32 bits PyTorch's is {mean_cosine(wide, theirs_exact):.4f}", flush=True)
        else:
            with torch.autocast("cpu", dtype=dtype):
                logits = network(inputs)
            # What autocast rounds depends on the processor: 0.97 without instructions for bf16, down to 0.89 with them.
            # The casts above are the same everywhere; of autocast ours must only not be further from 32 bits.
            own = mean_cosine(gradients_of(network, logits, labels), theirs_exact)
            checks.at_least(f"width {width}, {precision}, as near to f32 as PyTorch's autocast", to_exact, own - LIMIT)


def narrow(checks, folder):
    """A stem of 8 channels, which burn sums in half precision."""
    compare(checks, folder, 8)


def wide(checks, folder):
    """A stem of 32 channels, which goes through the matrix product as the full network's."""
    compare(checks, folder, 32)


Checks().run(narrow, wide)
