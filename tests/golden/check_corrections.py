"""A head that learns from corrections, against torch's L-BFGS on the loss as it is described, in f64."""

import numpy as np
import torch
from golden import Checks, run_network

PULL = 0.1


def fitted(start, features, truth, shares, temperature):
    """The minimum of the weighted cross-entropy at the temperature, with the changes held back."""
    features, shares = torch.from_numpy(features.astype(np.float64)), torch.from_numpy(shares.astype(np.float64))
    truth = torch.from_numpy(truth)
    before = [torch.from_numpy(part.astype(np.float64)) for part in start]
    weight, bias = (part.clone().requires_grad_() for part in before)
    square = ((features**2).sum(1) * shares).sum() / shares.sum()
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=2000, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
    )

    def loss():
        optimiser.zero_grad()
        logits = (features @ weight.T + bias) / temperature
        entropy = torch.nn.functional.cross_entropy(logits, truth, reduction="none")
        held = square * ((weight - before[0]) ** 2).sum() + ((bias - before[1]) ** 2).sum()
        value = (entropy * shares).sum() / shares.sum() + PULL / 2 * held
        value.backward()
        return value

    optimiser.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()


def heads(checks, folder):
    """Random features of a backbone's and of an encoder's length and size, at several temperatures."""
    random = np.random.default_rng(3)
    for name, length, count, scale, temperature in [
        ("a backbone's features", 256, 300, 0.5, 0.76),
        ("an encoder's", 64, 500, 1.0, 1.2),
        ("few, and large", 32, 5, 30.0, 1.0),
    ]:
        features = random.gamma(1.0, scale, (count, length)).astype(np.float32)
        truth = random.choice(8, count, p=[0.4, 0.2, 0.1, 0.05, 0.05, 0.05, 0.1, 0.05])
        shares = (1 / np.sqrt(random.integers(1, 60, count))).astype(np.float32)
        start = [random.normal(0, 0.1, shape).astype(np.float32) for shape in [(8, length), (8,)]]
        inputs = {"features": features, "truth": truth, "shares": shares, "weight": start[0], "bias": start[1]}
        ours = run_network(folder, inputs, "linear-head", "--temperature", temperature)
        weight, bias = fitted(start, features, truth, shares, temperature)
        logits = features @ ours["weight"].T + ours["bias"]
        checks.agree(f"{name}: logits", logits, features @ weight.T + bias, 5e-4)
        checks.agree(f"{name}: bias", ours["bias"], bias, 5e-4)


Checks().run(heads)
