"""The steps that `mien bench` measures, in PyTorch alone; `mien gpu-check` carries this file and runs it beside itself.

Reads one word a line from stdin and answers with a number: seconds of that step (forward, training, stage1), or
`memory`, the most bytes that were allocated on the GPU since the last such question (0 on a processor).
"""

import argparse
import copy
import json
import sys
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax, relu

MOMENTUM = 0.9
RATE = 1e-4


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after)
        self.around = nn.Identity()
        if stride != 1 or before != after:
            self.around = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = relu(self.bn1(self.conv1(x)))
        y = relu(self.bn2(self.conv2(y)))
        return relu(self.bn3(self.conv3(y)) + self.around(x))


def resnet(blocks, width):
    """ResNet-50's layout (the stride stands in the 3x3 convolution) with 8 classes."""
    layers = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    before = width
    for stage, count in enumerate(blocks):
        for block in range(count):
            layers.append(Bottleneck(before, width << stage, 2 if stage and not block else 1))
            before = 4 * (width << stage)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 8)]
    return nn.Sequential(*layers)


def sgd(network):
    return torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)


class Steps:
    def __init__(self, arguments):
        self.device = torch.device(arguments.device)
        shape = ((1, 1, 1, 1), 16) if arguments.small else ((3, 4, 6, 3), 64)
        self.frozen = resnet(*shape).to(self.device).eval()
        self.single = copy.deepcopy(self.frozen).train()
        self.teacher, self.student = (copy.deepcopy(self.frozen).train() for _ in range(2))
        self.updates = {network: sgd(network) for network in (self.single, self.teacher, self.student)}
        size = (arguments.batch, 3, arguments.size, arguments.size)
        self.labelled, self.weak, self.strong = (torch.randn(size).to(self.device) for _ in range(3))
        self.labels = (torch.arange(arguments.batch) % 8).to(self.device)
        self.dtype = {"f32": None, "f16": torch.float16, "bf16": torch.bfloat16}[arguments.precision]
        self.scale = 1024.0 if arguments.precision == "f16" else 1.0

    def run(self, network, pictures):
        """Logits in 32 bits; convolutions in the precision that was asked for."""
        if self.dtype is None:
            return network(pictures)
        with torch.autocast(self.device.type, dtype=self.dtype):
            return network(pictures).float()

    def update(self, network, loss):
        self.updates[network].zero_grad(set_to_none=True)
        (loss * self.scale).backward()
        if self.scale != 1.0:
            for parameter in network.parameters():
                parameter.grad.div_(self.scale)
        self.updates[network].step()

    @torch.no_grad()
    def forward(self):
        return self.run(self.frozen, self.labelled).sum().item()

    def training(self):
        self.update(self.single, cross_entropy(self.run(self.single, self.labelled), self.labels))

    def stage1(self):
        """One step of teacher and student, with feedback by the dot product."""
        count = len(self.labelled)
        logits = self.run(self.teacher, torch.cat([self.labelled, self.weak, self.strong]))
        on_labelled, on_weak, on_strong = logits.split([count, count, count])
        pseudo = on_weak.detach().argmax(1)
        self.update(self.student, cross_entropy(self.run(self.student, self.weak), pseudo))
        parameters = list(self.student.parameters())
        gradients_u = [parameter.grad for parameter in parameters]
        after = cross_entropy(self.run(self.student, self.labelled), self.labels)
        gradients_l = torch.autograd.grad(after * self.scale, parameters)
        feedback = RATE / self.scale * sum((a * b).sum() for a, b in zip(gradients_l, gradients_u))
        consistency = -(on_weak.detach().softmax(1) * log_softmax(on_strong, 1)).sum(1).mean()
        loss = cross_entropy(on_labelled, self.labels) + consistency + feedback * cross_entropy(on_weak, pseudo)
        self.update(self.teacher, loss)

    def answer(self, word):
        is_cuda = self.device.type == "cuda"
        if word == "memory":
            most = torch.cuda.max_memory_allocated() if is_cuda else 0
            if is_cuda:
                torch.cuda.reset_peak_memory_stats()
            return most
        begin = time.perf_counter()
        {"forward": self.forward, "training": self.training, "stage1": self.stage1}[word]()
        if is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["f32", "f16", "bf16"], default="f32")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    steps = Steps(arguments)
    print(json.dumps({"program": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        print(steps.answer(line.strip()), flush=True)


main()
