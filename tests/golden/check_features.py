"""`mien features` against torchvision: NumPy reads the matrix, and its rows are the network's pooled features of the csv's faces."""

import csv
import subprocess

import numpy as np
import torch
from golden import MIEN, TALKING_FACE, Checks, require, run
from PIL import Image
from random_networks import MEAN, STD, resnet, resnet_outputs, write_model

SIZE = 56
# Side that a picture is resized to before its middle is taken (paper, 4.2: 256 for 224).
RESIZED = 64
LIMIT = 1e-4


def read(folder, name):
    """The matrix and the rows of the csv."""
    with open(folder / f"{name}.features.csv", newline="") as file:
        return np.load(folder / f"{name}.features.npy"), list(csv.DictReader(file))


def whole_pictures(checks, folder):
    """Pictures of the right side are not resized: nothing but the crop of their middle stands between ours and torchvision's."""
    network = resnet((1, 1, 1, 1), 8, SIZE, seed=31)
    write_model(folder / "m.safetensors", network, size=SIZE)
    (folder / "frames").mkdir()
    random = np.random.default_rng(3)
    inputs = []
    for number in range(5):
        coarse = Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8))
        picture = coarse.resize((RESIZED, RESIZED), Image.BICUBIC)
        picture.save(folder / f"frames/{number}.png")
        edge = (RESIZED - SIZE) // 2
        middle = np.asarray(picture)[edge : edge + SIZE, edge : edge + SIZE].copy()
        values = torch.from_numpy(middle).permute(2, 0, 1).float() / 255
        inputs.append((values - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1))
    model = ["--model", folder / "m.safetensors", "--device", "cpu", "--out", folder]
    run(MIEN, "features", folder / "frames", "--whole-frame", *model)
    ours, rows = read(folder, "frames")
    theirs, logits = resnet_outputs(network, torch.stack(inputs))
    checks.holds("a matrix of 32-bit floats, a row for each row of the csv", ours.dtype == np.float32 and len(rows) == len(ours) == 5)
    checks.agree("features of whole pictures", ours, theirs, LIMIT)
    raw = np.array([[float(row[name]) for name in row if name.startswith("raw_p_")] for row in rows])
    checks.agree("the head's probabilities beside them", raw, torch.softmax(torch.from_numpy(logits), 1).numpy(), LIMIT)


def faces_of_a_film(checks, folder):
    """The csv has the faces of `mien analyze` in its order, and nothing else."""
    film = require(TALKING_FACE, "the talking face")
    network = resnet((1, 1, 1, 1), 8, SIZE, seed=32)
    write_model(folder / "m.safetensors", network, size=SIZE)
    short = folder / "short.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-t", "1", "-an", short], check=True)
    model = ["--model", folder / "m.safetensors", "--device", "cpu", "--out", folder]
    run(MIEN, "features", short, *model)
    run(MIEN, "analyze", short, *model)
    ours, rows = read(folder, "short")
    with open(folder / "short.csv", newline="") as file:
        seen = [row for row in csv.DictReader(file) if row["x"]]
    checks.holds("the faces are those of the analysis", rows == seen and len(rows) > 10, f"{len(rows)} faces")
    checks.holds("each has its feature", ours.shape == (len(rows), network.fc.in_features) and np.isfinite(ours).all())
    # The head is linear: its probabilities come from these features alone.
    with torch.no_grad():
        theirs = torch.softmax(network.fc(torch.from_numpy(ours)), 1).numpy()
    raw = np.array([[float(row[name]) for name in row if name.startswith("raw_p_")] for row in rows])
    checks.agree("the head on the features gives the csv's probabilities", raw, theirs, LIMIT)


Checks().run(whole_pictures, faces_of_a_film)
