"""Writes the networks that the WebGPU benchmark runs: our model file, the same weights as ONNX, and PyTorch's logits.

`networks.py OUT MODELS`: OUT is the folder to fill, MODELS the folder of the page's models.
"""

import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.numpy import load

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "golden"))
from random_networks import resnet, write_model  # noqa: E402


def of_model_file(path):
    """The backbone of one of our model files as a torch network, and the side of its input."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    shape = json.loads(metadata["backbone"])
    network = resnet(blocks=tuple(shape["blocks"]), width=shape["width"], size=64)
    weights = {
        name.removeprefix("backbone."): torch.from_numpy(np.asarray(value, np.float32))
        for name, value in load(data).items()
        if name.startswith("backbone.")
    }
    missing, unexpected = network.load_state_dict(weights, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        sys.exit(f"{path}: weights do not fit ({missing}, {unexpected})")
    return network.eval(), int(metadata["input_size"])


def picture(size):
    """The formula of the measuring pages."""
    values = np.sin(np.arange(3 * size * size, dtype=np.float64) * 0.37).astype(np.float32)
    return torch.from_numpy(values.reshape(1, 3, size, size))


def add(folder, name, network, size, small):
    # Exported for evaluation, torch folds each normalisation into the convolution before it.
    buffer = io.BytesIO()
    torch.onnx.export(network, torch.zeros(1, 3, size, size), buffer, opset_version=16, input_names=["x"], output_names=["y"])
    kinds = {node.op_type for node in onnx.load_from_string(buffer.getvalue()).graph.node}
    if "BatchNormalization" in kinds:
        sys.exit(f"{name}: the exported network still holds batch normalisations")
    (folder / f"{name}.onnx").write_bytes(buffer.getvalue())
    with torch.no_grad():
        logits = network(picture(size))[0].tolist()
    files = {"model": f"{name}.safetensors", "onnx": f"{name}.onnx"}
    return {"name": name, **files, "size": size, "small": small, "logits": logits}


def main():
    folder, models = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for name in ("tiny", "demo"):
        source = models / f"{name}.safetensors"
        (folder / source.name).write_bytes(source.read_bytes())
        network, size = of_model_file(source)
        # A software adapter takes seconds for a small network.
        listed.append(add(folder, name, network, size, name == "tiny"))
    network = resnet(size=224)
    with torch.no_grad():
        # The file holds 16 bits: the other programs get the same.
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    write_model(folder / "resnet50.safetensors", network, size=224, half=True)
    listed.append(add(folder, "resnet50", network, 224, False))
    (folder / "networks.json").write_text(json.dumps(listed, indent=1) + "\n")


main()
