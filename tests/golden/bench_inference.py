"""Inference in onnxruntime: `mien bench --forward --beside tests/golden/bench_inference.py` runs both in turns.

Reads the word `forward` a line from stdin, reads one batch, and answers with its seconds.
"""

import argparse
import json
import os
import sys
import tempfile
import time

import onnxruntime
import torch
from random_networks import pictures, resnet


def session(arguments):
    """The network with batch normalisation folded, which torch's exporter does, on this many threads."""
    shape = {"blocks": (1, 1, 1, 1), "width": 16} if arguments.small else {}
    network = resnet(size=arguments.size, **shape)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        like = torch.zeros(arguments.batch, 3, arguments.size, arguments.size)
        torch.onnx.export(network, like, path, opset_version=16, input_names=["x"], output_names=["y"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        # Threads that wait must not take the other program's time.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=["cpu"])
    arguments = parser.parse_args()
    ready = session(arguments)
    batch = {"x": pictures(arguments.batch, arguments.size, 1).numpy()}
    introduction = {"program": f"onnxruntime {onnxruntime.__version__}", "threads": arguments.threads}
    print(json.dumps(introduction), flush=True)
    for line in sys.stdin:
        if line.strip() != "forward":
            sys.exit(f"onnxruntime does not train: {line.strip()} cannot be measured beside it; add --forward")
        begin = time.perf_counter()
        ready.run(None, batch)
        print(time.perf_counter() - begin, flush=True)


main()
