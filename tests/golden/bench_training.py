"""The steps that `mien bench` measures, in PyTorch: `mien bench --beside tests/golden/bench_training.py` runs both in turns.

Reads one word a line from stdin (forward, training or stage1), takes that step once, and answers with its seconds.
"""

import argparse
import copy
import json
import sys
import time

import torch
from random_networks import pictures, resnet
from torch.nn.functional import cross_entropy, log_softmax

MOMENTUM = 0.9
RATE = 1e-4


def sgd(network):
    return torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)


class Steps:
    """The same networks, batches and updates as in the Rust program."""

    def __init__(self, arguments):
        self.device = torch.device(arguments.device)
        shape = {"blocks": (1, 1, 1, 1), "width": 16} if arguments.small else {}
        self.frozen = self.ready(resnet(size=arguments.size, **shape))
        self.single = copy.deepcopy(self.frozen).train()
        self.teacher, self.student = (copy.deepcopy(self.frozen).train() for _ in range(2))
        self.updates = {network: sgd(network) for network in (self.single, self.teacher, self.student)}
        self.labelled, self.weak, self.strong = (
            self.ready(pictures(arguments.batch, arguments.size, seed)) for seed in (1, 2, 3)
        )
        self.labels = self.ready(torch.arange(arguments.batch) % 8)

    def ready(self, what):
        return what.to(self.device)

    def update(self, network, loss):
        self.updates[network].zero_grad(set_to_none=True)
        loss.backward()
        self.updates[network].step()

    @torch.no_grad()
    def forward(self):
        return self.frozen(self.labelled).sum().item()

    def training(self):
        self.update(self.single, cross_entropy(self.single(self.labelled), self.labels))

    def stage1(self):
        """One step of teacher and student, with feedback by the dot product."""
        count = len(self.labelled)
        logits = self.teacher(torch.cat([self.labelled, self.weak, self.strong]))
        on_labelled, on_weak, on_strong = logits.split([count, count, count])
        pseudo = on_weak.detach().argmax(1)
        self.update(self.student, cross_entropy(self.student(self.weak), pseudo))
        parameters = list(self.student.parameters())
        gradients_u = [parameter.grad for parameter in parameters]
        after = cross_entropy(self.student(self.labelled), self.labels)
        gradients_l = torch.autograd.grad(after, parameters)
        feedback = RATE * sum((a * b).sum() for a, b in zip(gradients_l, gradients_u))
        consistency = -(on_weak.detach().softmax(1) * log_softmax(on_strong, 1)).sum(1).mean()
        loss = cross_entropy(on_labelled, self.labels) + consistency + feedback * cross_entropy(on_weak, pseudo)
        self.update(self.teacher, loss)

    def seconds(self, name):
        begin = time.perf_counter()
        {"forward": self.forward, "training": self.training, "stage1": self.stage1}[name]()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    steps = Steps(arguments)
    print(json.dumps({"program": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        print(steps.seconds(line.strip()), flush=True)


main()
