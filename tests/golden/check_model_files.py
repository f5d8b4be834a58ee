"""Model files across programs: torch checkpoints in, torchvision out, readable by the `safetensors` package."""

import json

import numpy as np
import onnx
import onnxruntime
import torch
import torchvision
from golden import MIEN, REPOSITORY, Checks, Skipped, cosine, run, run_network
from random_networks import CLASSES, Temporal, pictures, resnet, resnet_outputs, write_model
from safetensors import safe_open
from safetensors.torch import load_file, save_file

LIMIT = 1e-4
KEYS = {"format", "format_version", "classes", "input_size", "mean", "std", "clip_length", "window"}
KEYS |= {"backbone", "dtype", "training"}


def import_checkpoints(checks, folder):
    """The forms in which torchvision checkpoints come, each to the same logits as in torchvision."""
    network, inputs = resnet(seed=21), pictures(2, 224, 22)
    features, logits = resnet_outputs(network, inputs)
    state = network.state_dict()
    forms = {
        "zip.pth": lambda path: torch.save(state, path),
        "legacy.pth": lambda path: torch.save(state, path, _use_new_zipfile_serialization=False),
        "wrapped.pth": lambda path: torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, path),
        "plain.safetensors": lambda path: save_file(state, path),
    }
    for name, write in forms.items():
        write(folder / name)
        model = folder / f"{name}.model.safetensors"
        try:
            run(MIEN, "import", "--torch", folder / name, "--out", model)
        except RuntimeError as error:
            checks.holds(f"import of {name}", False, str(error))
            continue
        try:
            run(MIEN, "info", folder / name)
            said = "nothing"
        except RuntimeError as error:
            said = str(error)
        checks.holds(f"{name} given as a model leads to `mien import`", "mien import --torch" in said, said)
        ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", model)
        checks.agree(f"import of {name}, features", ours["features"], features, LIMIT)
        checks.agree(f"import of {name}, logits", ours["logits"], logits, LIMIT)


def import_with_another_head(checks, folder):
    """A checkpoint for 1000 classes: its features stay, its head is replaced."""
    network, inputs = resnet((1, 1, 1, 1), 64, 224, seed=23, classes=1000), pictures(2, 224, 24)
    features, _ = resnet_outputs(network, inputs)
    torch.save(network.state_dict(), folder / "imagenet.pth")
    run(MIEN, "import", "--torch", folder / "imagenet.pth", "--out", folder / "model.safetensors")
    ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", folder / "model.safetensors")
    checks.agree("import of 1000 classes, features", ours["features"], features, LIMIT)
    checks.holds("import of 1000 classes has 8", ours["logits"].shape == (2, 8), str(ours["logits"].shape))


def export_to_torchvision(checks, folder):
    """Our file goes back into torchvision with `strict=True` and says the same."""
    network, inputs = resnet(seed=25), pictures(2, 224, 26)
    features, logits = resnet_outputs(network, inputs)
    write_model(folder / "model.safetensors", network, Temporal(2048, layers=1))
    model, target = folder / "model.safetensors", folder / "torch.safetensors"
    run(MIEN, "export", "--model", model, "--dtype", "f32", "--torch", "--out", target)
    again = torchvision.models.resnet50(num_classes=8).eval()
    again.load_state_dict(load_file(target), strict=True)
    again_features, again_logits = resnet_outputs(again, inputs)
    checks.agree("export to torchvision, features", again_features, features, 1e-6)
    checks.agree("export to torchvision, logits", again_logits, logits, 1e-6)


def export_as_onnx(checks, folder):
    """The backbone in onnxruntime says what PyTorch says, for any number of pictures."""
    network, inputs = resnet((1, 2, 1, 1), 16, 64, seed=31), pictures(3, 64, 32)
    features, logits = resnet_outputs(network, inputs)
    write_model(folder / "model.safetensors", network, size=64)
    run(MIEN, "export", "--model", folder / "model.safetensors", "--dtype", "f32", "--onnx", "--out", folder / "backbone.onnx")
    file = onnx.load(folder / "backbone.onnx")
    onnx.checker.check_model(file, full_check=True)
    told = {one.key: one.value for one in file.metadata_props}
    checks.holds("the file says its classes", told["classes"].split(",") == CLASSES, told["classes"])
    session = onnxruntime.InferenceSession(str(folder / "backbone.onnx"), providers=["CPUExecutionProvider"])
    # Two programs of others, which add up in another order on each kind of processor: 1e-5 apart on some.
    for count in (3, 1):
        theirs = session.run(["features", "logits"], {"pictures": inputs[:count].numpy()})
        checks.agree(f"onnxruntime, features of {count}", theirs[0], features[:count], LIMIT)
        checks.agree(f"onnxruntime, logits of {count}", theirs[1], logits[:count], LIMIT)


def export_in_16_bits(checks, folder):
    """The web file: half the bytes, readable from Python, its metadata complete, its weights those of the source."""
    network, temporal = resnet((1, 2, 1, 1), 16, 64, seed=27), Temporal(512, layers=2, d_model=32, d_ff=64)
    write_model(folder / "model.safetensors", network, temporal, size=64)
    run(MIEN, "export", "--model", folder / "model.safetensors", "--dtype", "f16", "--out", folder / "web.safetensors")
    metadata, weights = read_model_file(folder / "web.safetensors")
    expect_metadata(checks, "exported file", metadata, KEYS | {"temporal"})
    types = {str(weight.dtype) for weight in weights.values()}
    checks.holds("exported file says f16 and is f16", metadata["dtype"] == "f16" and types == {"float16"}, str(types))
    source = {f"backbone.{k}": v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    source |= {f"temporal.{k}": v for k, v in temporal.state_dict().items()}
    checks.holds("exported file holds every weight and no other", set(weights) == set(source), str(set(weights) ^ set(source)))
    errors = [relative_error(weights[name].astype(np.float32), source[name].numpy()) for name in source]
    checks.at_most("weights in f16 against f32, relative to the largest", max(errors), 2**-11 + 1e-6)
    inputs = pictures(3, 64, 28)
    features, _ = resnet_outputs(network, inputs)
    ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", folder / "web.safetensors")
    checks.at_least("exported file, cosine of features", cosine(ours["features"], features), 0.999)


def export_in_8_bits(checks, folder):
    """The smallest file: the numbers are PyTorch's own per-channel quantisation, and the network says nearly the same."""
    network, temporal = resnet((1, 2, 1, 1), 16, 64, seed=29), Temporal(512, layers=2, d_model=32, d_ff=64)
    write_model(folder / "model.safetensors", network, temporal, size=64)
    run(MIEN, "export", "--model", folder / "model.safetensors", "--dtype", "int8", "--out", folder / "small.safetensors")
    metadata, weights = read_model_file(folder / "small.safetensors")
    checks.holds("exported file says i8", metadata["dtype"] == "i8", metadata["dtype"])
    source = {f"backbone.{k}": v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    source |= {f"temporal.{k}": v for k, v in temporal.state_dict().items()}
    scales = {f"{name}.scale" for name, weight in source.items() if weight.dim() > 1}
    checks.holds("exported file holds every weight, scales, and no other", set(weights) == set(source) | scales)
    differing, numbers = 0, 0
    for name, weight in source.items():
        if weight.dim() < 2:
            checks.holds(f"{name} is as it was", np.array_equal(weights[name], weight.numpy()))
            continue
        scale = torch.from_numpy(weights[f"{name}.scale"])
        theirs = torch.quantize_per_channel(weight, scale.double(), torch.zeros(len(scale), dtype=torch.long), 0, torch.qint8).int_repr()
        difference = np.abs(theirs.numpy().astype(int) - weights[name].astype(int))
        # They multiply by the inverse of the scale: a value right between two numbers may go to either.
        differing, numbers = differing + (difference > 0).sum(), numbers + difference.size
        checks.at_most(f"{name} against PyTorch's quantisation, in whole numbers", difference.max(), 1)
    checks.at_most("share of numbers that PyTorch rounds otherwise", differing / numbers, 1e-4)
    inputs = pictures(3, 64, 30)
    features, _ = resnet_outputs(network, inputs)
    ours = run_network(folder, {"pictures": inputs.numpy()}, "backbone", folder / "small.safetensors")
    checks.at_least("exported file, cosine of features", cosine(ours["features"], features), 0.99)


def shipped_models(checks, _folder):
    """Every model file that ships with the page."""
    files = sorted((REPOSITORY / "www/models").glob("*.safetensors"))
    if not files:
        raise Skipped("www/models holds no model file")
    for path in files:
        metadata, weights = read_model_file(path)
        expect_metadata(checks, path.name, metadata, KEYS)
        checks.holds(f"{path.name}: weights are finite", all(np.isfinite(w).all() for w in weights.values()))
        training = json.loads(metadata["training"])
        checks.holds(f"{path.name} says what it is", isinstance(training, dict) and len(training.get("note", "")) > 10)


def relative_error(found, expected):
    """The largest difference relative to the largest value, which counts as 0.001 at least."""
    return np.abs(found - expected).max() / max(1e-3, np.abs(expected).max())


def read_model_file(path):
    with safe_open(str(path), framework="numpy") as file:
        return file.metadata(), {name: file.get_tensor(name) for name in file.keys()}


def expect_metadata(checks, name, metadata, keys):
    checks.holds(f"{name}: metadata is complete", keys <= set(metadata), f"missing {keys - set(metadata) or 'nothing'}")
    checks.holds(f"{name}: version 1", metadata["format_version"] == "1", metadata["format_version"])
    checks.holds(f"{name}: our classes", json.loads(metadata["classes"]) == CLASSES, metadata["classes"])
    numbers = [float(value) for key in ("mean", "std") for value in json.loads(metadata[key])]
    checks.holds(f"{name}: input is described", len(numbers) == 6 and min(numbers) > 0 and int(metadata["input_size"]) >= 32)


Checks().run(import_checkpoints, import_with_another_head, export_to_torchvision, export_as_onnx, export_in_16_bits, export_in_8_bits, shipped_models)
