"""ResNet-50 against torchvision: the same random weights, the same pictures, features and logits compared."""

import numpy as np
from golden import Checks, cosine, run_network
from random_networks import pictures, resnet, resnet_outputs, write_model

LIMIT = 1e-4


def full_size_f32(checks, folder):
    """The full network at 224, with batch normalisation and with it folded into the convolutions."""
    network, inputs = resnet(), pictures(3, 224, 11)
    features, logits = resnet_outputs(network, inputs)
    checks.holds("torchvision's pictures are told apart", np.abs(logits[0] - logits[1]).max() > 0.05)
    write_model(folder / "model.safetensors", network)
    for folded in ([], ["--folded"]):
        ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", folder / "model.safetensors", *folded)
        way = "folded" if folded else "unfolded"
        checks.agree(f"ResNet-50 224 {way}, features", ours["features"], features, LIMIT)
        checks.agree(f"ResNet-50 224 {way}, logits", ours["logits"], logits, LIMIT)


def full_size_f16(checks, folder):
    """Weights stored in 16 bits against torchvision in 32."""
    network, inputs = resnet(seed=5), pictures(3, 224, 12)
    features, logits = resnet_outputs(network, inputs)
    write_model(folder / "model.safetensors", network, half=True)
    ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", folder / "model.safetensors", "--folded")
    checks.at_least("ResNet-50 224 in f16, cosine of features", cosine(ours["features"], features), 0.999)
    checks.at_least("ResNet-50 224 in f16, cosine of logits", cosine(ours["logits"], logits), 0.999)


def other_shapes(checks, folder):
    """Other depths, widths and input sizes run the same code; an odd size shows the padding."""
    for blocks, width, size in [((1, 1, 1, 1), 8, 64), ((2, 1, 3, 2), 16, 97), ((3, 4, 6, 3), 32, 112)]:
        network, inputs = resnet(blocks, width, size, seed=7), pictures(2, size, 13)
        features, logits = resnet_outputs(network, inputs)
        write_model(folder / "model.safetensors", network, size=size)
        ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", folder / "model.safetensors", "--folded")
        name = f"blocks {blocks}, width {width}, {size} px"
        checks.agree(f"{name}, features", ours["features"], features, LIMIT)
        checks.agree(f"{name}, logits", ours["logits"], logits, LIMIT)


Checks().run(full_size_f32, full_size_f16, other_shapes)
