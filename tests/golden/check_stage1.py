"""Steps of teacher and student against the same steps written in PyTorch: weights, running statistics, and all terms."""

import copy

import numpy as np
import torch
from golden import Checks, run_network
from random_networks import pictures, resnet, write_model
from torch.nn.functional import cross_entropy, log_softmax

LIMIT = 1e-4
RATES = {"teacher": 1e-2, "student": 1e-2}


def with_biased_statistics(network):
    """burn keeps the running mean of the biased variance, torch that of the unbiased one; all else is torch's."""

    def remember(norm, _inputs):
        norm.variance_before = norm.running_var.detach().clone()

    def correct(norm, inputs, _output):
        if norm.training:
            kept = (1 - norm.momentum) * norm.variance_before
            count = inputs[0].numel() / inputs[0].shape[1]
            # Through `.data`: autograd counts changes to the buffer itself as harm to its graph.
            norm.running_var.data.copy_(kept + (norm.running_var - kept) * (count - 1) / count)

    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_pre_hook(remember)
            module.register_forward_hook(correct)


def frozen_statistics(network):
    """A copy in training mode: batch statistics normalise it, and the network's own running statistics stay."""
    return copy.deepcopy(network).train()


def limit(network, clip_norm):
    """Clips by the norm of all gradients together, and makes sure that there is something to clip."""
    if clip_norm is not None:
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
        assert norm > clip_norm, f"nothing is clipped: the norm is {norm}"


def torch_step(teacher, student, optimisers, batch, finite_difference, clip_norm, smoothing):
    """One step as the method's table has it; returns its terms."""
    labelled, labels, weak, strong = batch
    count, unlabelled = len(labelled), len(weak)
    logits = teacher(torch.cat([labelled, weak, strong]))
    on_labelled, on_weak, on_strong = logits.split([count, unlabelled, unlabelled])
    pseudo = on_weak.detach().argmax(1)
    with torch.no_grad():
        before = cross_entropy(frozen_statistics(student)(labelled), labels)

    optimisers["student"].zero_grad()
    loss_u = cross_entropy(student(weak), pseudo)
    loss_u.backward()
    gradients_u = [parameter.grad.clone() for parameter in student.parameters()]
    limit(student, clip_norm)
    optimisers["student"].step()

    after_network = frozen_statistics(student)
    after = cross_entropy(after_network(labelled), labels)
    if finite_difference:
        f = (before - after).detach()
    else:
        gradients_l = torch.autograd.grad(after, list(after_network.parameters()))
        f = RATES["student"] * sum((a * b).sum() for a, b in zip(gradients_l, gradients_u))

    loss_s = cross_entropy(on_labelled, labels, label_smoothing=smoothing)
    loss_c = -(on_weak.detach().softmax(1) * log_softmax(on_strong, 1)).sum(1).mean()
    loss_f = f * cross_entropy(on_weak, pseudo)
    optimisers["teacher"].zero_grad()
    (loss_s + loss_c + loss_f).backward()
    limit(teacher, clip_norm)
    optimisers["teacher"].step()
    return {"L_s": loss_s, "L_c": loss_c, "L_f": loss_f, "L_u": loss_u, "f": f}


def shared_labels(count, seed):
    """Votes of ten people as shares: some sure, some between classes; one row is all of one class, one is even."""
    random = np.random.default_rng(seed)
    votes = np.stack([random.multinomial(10, random.dirichlet(np.full(8, 0.3))) for _ in range(count)]).astype(np.float32)
    votes[0] = np.eye(8)[3]
    votes[1] = 1
    return torch.tensor(votes / votes.sum(1, keepdims=True))


def compare(
    checks, folder, name, momentum, steps, finite_difference=False, weight_decay=0.0, clip_norm=None, labels=None, smoothing=0.0
):
    """`labels` are classes, as torch takes them, or shares of classes."""
    networks = {"teacher": resnet((1, 1, 1, 1), 8, 64, seed=21), "student": resnet((1, 1, 1, 1), 8, 64, seed=22)}
    for role, network in networks.items():
        write_model(folder / f"{role}.safetensors", network, size=64)
    labelled, weak, strong = (pictures(count, 64, seed) for count, seed in [(16, 31), (24, 32), (24, 33)])
    labels = torch.arange(16) % 8 if labels is None else labels
    targets = torch.eye(8)[labels] if labels.ndim == 1 else labels
    ours = run_network(
        folder,
        {"labelled": labelled, "targets": targets, "weak": weak, "strong": strong},
        *["stage1", folder / "teacher.safetensors", folder / "student.safetensors", "--momentum", momentum],
        *["--teacher-rate", RATES["teacher"], "--student-rate", RATES["student"], "--steps", steps],
        *(["--finite-difference"] if finite_difference else []),
        *["--weight-decay", weight_decay, "--label-smoothing", smoothing],
        *(["--clip-norm", clip_norm] if clip_norm is not None else []),
    )
    batch = (labelled, labels, weak, strong)
    run = Run(networks, batch, momentum, steps, finite_difference, weight_decay, clip_norm, smoothing)
    # An input of ReLU may lie so near to 0 that rounding decides its side: there PyTorch's own f32 parts from its f64, elsewhere on each
    # processor. Both are PyTorch's word; each number must be one of them.
    references = [run.reference(dtype) for dtype in (torch.float64, torch.float32)]
    for step, term in references[0][0]:
        value = ours[f"{term}.{step}"]
        nearest = min((terms[step, term] for terms, _ in references), key=lambda theirs: np.abs(value - theirs).max())
        checks.agree(f"{name}, step {step}, {term}", value, nearest, LIMIT)
    for role in networks:
        errors, changes = [], []
        before = networks[role].state_dict()
        for key in references[0][1][role]:
            theirs = [states[role][key] for _, states in references]
            errors.append(min(np.abs(ours[f"{role}.{key}"] - tensor).max() for tensor in theirs))
            changes.append(np.abs(theirs[0] - before[key].numpy()).max())
        checks.at_most(f"{name}, {role} after {steps} steps, {len(errors)} tensors", max(errors), LIMIT)
        checks.at_least(f"{name}, {role} has moved", float(max(changes)), 1e-2)


class Run:
    """Some steps in PyTorch, from the same beginning each time."""

    def __init__(self, networks, batch, momentum, steps, finite_difference, weight_decay, clip_norm, smoothing):
        self.networks = networks
        self.batch = batch
        self.steps = steps
        self.optimiser = {"momentum": momentum, "weight_decay": weight_decay}
        self.terms = (finite_difference, clip_norm, smoothing)

    def reference(self, dtype):
        """All terms by step and name, and both networks' tensors at the end, computed in `dtype`."""
        networks = {role: copy.deepcopy(network).to(dtype) for role, network in self.networks.items()}
        batch = [tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in self.batch]
        optimisers = {}
        for role, network in networks.items():
            network.train()
            with_biased_statistics(network)
            optimisers[role] = torch.optim.SGD(network.parameters(), lr=RATES[role], **self.optimiser)
        terms = {}
        for step in range(self.steps):
            found = torch_step(networks["teacher"], networks["student"], optimisers, batch, *self.terms)
            terms |= {(step, term): value.detach().numpy().reshape(1) for term, value in found.items()}
        states = {
            role: {key: tensor.numpy() for key, tensor in network.state_dict().items() if not key.endswith("num_batches_tracked")}
            for role, network in networks.items()
        }
        return terms, states


def plain(checks, folder):
    """One step of plain SGD."""
    compare(checks, folder, "SGD", 0.0, 1)


def with_momentum(checks, folder):
    """Two steps, so that the momentum shows."""
    compare(checks, folder, "SGD with momentum", 0.9, 2)


def by_difference(checks, folder):
    """Feedback as the difference of two losses."""
    compare(checks, folder, "finite difference", 0.0, 1, finite_difference=True)


def with_weight_decay(checks, folder):
    """A decay that is large enough to be seen, with momentum."""
    # With 0.1 an input of ReLU lies so near to 0 that rounding decides its side, and with it f: ours parts from PyTorch's f64
    # there, and PyTorch's own f32 does with 0.09.
    compare(checks, folder, "SGD with weight decay", 0.9, 2, weight_decay=0.13)


def with_clipping(checks, folder):
    """Clipping by the global norm."""
    compare(checks, folder, "SGD with clipping", 0.9, 2, clip_norm=0.5)


def with_shared_labels(checks, folder):
    """Labels that are shared between classes enter L_s and the feedback, in both its forms, with smoothing in L_s alone."""
    labels = shared_labels(16, 41)
    compare(checks, folder, "shared labels", 0.9, 2, labels=labels)
    compare(checks, folder, "shared labels, smoothed", 0.0, 1, labels=labels, smoothing=0.1)
    compare(checks, folder, "shared labels, finite difference", 0.0, 1, finite_difference=True, labels=labels)


def soft_loss(checks, folder):
    """The loss and its gradient against torch's cross-entropy with targets that are probabilities."""
    logits = torch.tensor(np.random.default_rng(5).normal(0, 4, (64, 8)), dtype=torch.float32)
    # So far apart that a softmax computed carelessly overflows.
    logits[2] = torch.tensor([200.0, -200, 0, 0, 0, 0, 0, 50])
    targets = shared_labels(64, 42)
    for smoothing in (0.0, 0.1):
        ours = run_network(folder, {"logits": logits, "targets": targets}, "soft-cross-entropy", "--smoothing", smoothing)
        theirs = logits.double().requires_grad_()
        losses = cross_entropy(theirs, targets.double(), label_smoothing=smoothing, reduction="none")
        losses.mean().backward()
        checks.agree(f"losses, smoothing {smoothing}", ours["losses"], losses.detach().numpy(), 5e-5)
        checks.agree(f"gradient, smoothing {smoothing}", ours["gradient"], theirs.grad.numpy(), 1e-7)


Checks().run(
    soft_loss, plain, with_momentum, by_difference, with_weight_decay, with_clipping, with_shared_labels
)
