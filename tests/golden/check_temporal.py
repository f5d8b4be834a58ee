"""The temporal encoder against `torch.nn.TransformerEncoder` with its defaults (post-norm, ReLU)."""

import numpy as np
import torch
from golden import Checks, run_network
from random_networks import Temporal, resnet, write_model

LIMIT = 1e-4


def masks(frames):
    """None missing, a padded tail, gaps with a padded tail, a single frame left."""
    missing = np.zeros((4, frames), bool)
    missing[1, frames * 5 // 8 :] = True
    missing[2, 3::5] = True
    missing[2, -7:] = True
    missing[3, 1:] = True
    return missing


def compare(checks, folder, name, temporal, backbone, frames):
    features = np.random.default_rng(3).gamma(1.0, 0.5, (4, frames, temporal.input.in_features)).astype(np.float32)
    missing = masks(frames)
    with torch.no_grad():
        logits = temporal(torch.from_numpy(features), torch.from_numpy(missing)).numpy()
    write_model(folder / "model.safetensors", backbone, temporal)
    ours = run_network(folder, {"features": features, "missing": missing}, "temporal", folder / "model.safetensors")
    for row, what in enumerate(["no mask", "padded", "gaps and padding", "one frame"]):
        seen = ~missing[row]
        checks.agree(f"{name}, {what}, logits", ours["logits"][row][seen], logits[row][seen], LIMIT)
    unmasked = temporal(torch.from_numpy(features), torch.zeros(4, frames, dtype=torch.bool)).detach().numpy()
    checks.holds(f"{name}: the mask makes a difference", np.abs(unmasked[2] - logits[2])[~missing[2]].max() > 1e-3)


def method_size(checks, folder):
    """The method's sizes on clips of 64 frames of 2048 values."""
    compare(checks, folder, "4 layers, 512", Temporal(2048), resnet(), 64)


def other_sizes(checks, folder):
    """Another size, without positions too, on a clip of odd length."""
    backbone = resnet((1, 1, 1, 1), 8, 64)
    shape = {"layers": 2, "heads": 2, "d_model": 48, "d_ff": 96}
    compare(checks, folder, "2 layers, 48", Temporal(256, **shape), backbone, 33)
    compare(checks, folder, "2 layers, 48, no positions", Temporal(256, **shape, positions=False), backbone, 33)


def training_steps(checks, folder):
    """Steps of stage 2 without dropout against the same steps in torch: AdamW, weighted cross-entropy, both masks."""
    backbone = resnet((1, 1, 1, 1), 8, 64)
    temporal = Temporal(256, layers=2, heads=2, d_model=48, d_ff=96)
    random = np.random.default_rng(5)
    features = random.gamma(1.0, 0.5, (4, 33, 256)).astype(np.float32)
    missing, labels = masks(33), random.integers(-1, 8, (4, 33))
    weights = random.uniform(0.3, 3.0, 8).astype(np.float32)
    rate, decay, steps = 1e-3, 0.05, 6
    write_model(folder / "model.safetensors", backbone, temporal)
    inputs = {"features": features, "missing": missing, "labels": labels, "class_weights": weights}
    options = ["--rate", rate, "--weight-decay", decay, "--steps", steps]
    ours = run_network(folder, inputs, "stage2", folder / "model.safetensors", *options)
    # In evaluation mode there is no dropout; torch's fast path is for inference only.
    optimiser = torch.optim.AdamW(temporal.parameters(), lr=rate, weight_decay=decay)
    targets = torch.from_numpy(np.where(missing, -1, labels)).flatten()
    for step in range(steps):
        logits = temporal(torch.from_numpy(features), torch.from_numpy(missing))
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets, weight=torch.from_numpy(weights), ignore_index=-1
        )
        checks.agree(f"loss before step {step + 1}", ours[f"loss.{step}"], np.array([loss.item()]), LIMIT)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, parameter in temporal.named_parameters():
        got, expected = ours[name], parameter.detach().numpy()
        if name.endswith("in_proj_bias"):
            # A bias of the keys moves all scores of a row alike, which softmax does not see: its gradient is nothing but rounding,
            # which Adam scales up to whole steps. The biases of queries and values are compared.
            got, expected = (np.delete(bias, np.arange(len(bias) // 3, 2 * len(bias) // 3)) for bias in (got, expected))
        checks.agree(f"{name} after {steps} steps", got, expected, LIMIT)


Checks().run(method_size, other_sizes, training_steps)
