"""Measures the two face detectors, for docs/models.md: recall, false faces, time, boxes; prints one table each.

No check: nothing here passes or fails. It needs ../shared/faces, ../shared/models, ffmpeg, onnx and scikit-learn (whose two
photographs have no face). Usage: measure_detectors.py [PART...], parts as in PARTS below; MIEN_SAMPLE=N takes every N-th picture.
`framed` takes MIEN_MODEL, a model file, and says how often the three ways that a picture comes in give one label.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from golden import DETECTORS, RUNNER, SHARED, run, run_network, write_tensors
from PIL import Image, ImageDraw, ImageFont

FERPLUS = SHARED / "faces/ferplus/FER2013Valid"
SAMPLE = int(os.environ.get("MIEN_SAMPLE", "1"))
# Bytes of pictures (in f32) that one call of the runner gets.
CALL_BYTES = 100 << 20


def detect(kind, pictures, *more):
    """Rows of x, y, w, h, score, roll of each picture."""
    found, batch, size = [], {}, 0
    with tempfile.TemporaryDirectory(prefix="mien-measure-") as folder:

        def flush():
            nonlocal batch, size
            if batch:
                ours = run_network(Path(folder), batch, "detector-faces", kind, DETECTORS[kind], *more)
                found.extend(ours[name.replace("picture.", "faces.", 1)] for name in batch)
            batch, size = {}, 0

        for number, picture in enumerate(pictures):
            batch[f"picture.{number:06}"] = picture
            size += picture.size * 4
            if size > CALL_BYTES:
                flush()
        flush()
    return found


def load(path):
    return np.asarray(Image.open(path).convert("RGB"))


def muxspace(count):
    rows = list(csv.DictReader((SHARED / "faces/labelled.csv").open()))
    return [load(SHARED / "faces" / row["path"]) for row in rows[:: max(1, len(rows) // count)]][:: max(1, SAMPLE)][:count]


def is_found(faces, box):
    """Whether the best face's centre lies in the middle half of `box` and its longer side is 0.4 to 1.6 of the box's."""
    if not len(faces):
        return False
    x, y, w, h = faces[0][:4]
    center, side = np.array([x + w / 2, y + h / 2]), max(w, h)
    middle = np.abs(center - (box[:2] + box[2:] / 2)) <= box[2:] / 4
    return bool(middle.all() and 0.4 <= side / max(box[2:]) <= 1.6)


def share(found):
    return f"{np.mean(found):.3f} of {len(found)}"


def whole():
    """Faces that fill their picture."""
    pictures = [load(path) for path in sorted(FERPLUS.glob("*.png"))[::SAMPLE]]
    for kind in DETECTORS:
        for name, more in (("one look", ["--once"]), ("with the further looks", [])):
            faces = detect(kind, pictures, *more)
            print(f"whole: {kind}, {name}: found {share([len(f) > 0 for f in faces])}", flush=True)


def rotations(count=300):
    """160x160 photographs in the middle of twice their size, borders repeated, turned about their centre."""
    faces = muxspace(count)
    box = np.array([80.0, 80, 160, 160])
    for degrees in (0, 20, 35, 50):
        pictures = []
        for number, face in enumerate(faces):
            wide = Image.fromarray(np.pad(face, ((160, 160), (160, 160), (0, 0)), mode="edge"))
            turned = wide.rotate(degrees if number % 2 else -degrees, Image.Resampling.BICUBIC)
            pictures.append(np.asarray(turned)[80:400, 80:400])
        for kind in DETECTORS:
            found = detect(kind, pictures)
            line = f"rotations: {kind}, {degrees} degrees: found {share([is_found(f, box) for f in found])}"
            if kind == "yunet":
                # Each against its own roll before it was turned.
                signs = np.array([-1 if number % 2 else 1 for number in range(len(faces))])
                roll = np.array([f[0][5] if is_found(f, box) else np.nan for f in found]) - signs * degrees
                if degrees == 0:
                    level = roll
                else:
                    error = np.abs(roll - level)
                    line += f"; roll off by {np.nanmedian(error):.1f} degrees (median), {np.nanquantile(error, 0.95):.1f} (95%)"
            print(line, flush=True)


def small(count=100):
    """Photographs shrunk onto a 640x480 canvas of their own border colours."""
    faces = muxspace(count)
    for side in (64, 48, 32, 24, 16):
        pictures, random = [], np.random.default_rng(side)
        boxes = []
        for face in faces:
            background = Image.fromarray(face).resize((4, 3)).resize((640, 480), Image.Resampling.BICUBIC)
            left, top = int(random.integers(0, 640 - side)), int(random.integers(0, 480 - side))
            background.paste(Image.fromarray(face).resize((side, side), Image.Resampling.BILINEAR), (left, top))
            pictures.append(np.asarray(background))
            boxes.append(np.array([left, top, side, side], float))
        for kind in DETECTORS:
            found = detect(kind, pictures)
            hits = [any(is_found([f], box) for f in faces) for faces, box in zip(found, boxes)]
            print(f"small: {kind}, pictures of {side} px in 640x480: found {share(hits)}", flush=True)


def lavfi(source, count=12):
    """Frames of one of ffmpeg's own sources."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-vf", "scale=640:480", "-frames:v", str(count)]
    raw = subprocess.run(command + ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, 480, 640, 3))


def non_faces():
    """Pictures without a face, by kind."""
    from sklearn.datasets import load_sample_image

    random = np.random.default_rng(3)
    kinds = {"photographs and crops of them": []}
    for name in ("china.jpg", "flower.jpg"):
        picture = load_sample_image(name)
        kinds["photographs and crops of them"].append(picture)
        for _ in range(60):
            side = int(random.integers(60, 420))
            left, top = (int(random.integers(0, length - side)) for length in (picture.shape[1], picture.shape[0]))
            kinds["photographs and crops of them"].append(picture[top : top + side, left : left + side])
    sources = ["testsrc=s=640x480:r=1", "testsrc2=s=640x480:r=1", "mandelbrot=s=640x480:r=1", "smptebars=s=640x480"]
    sources += ["gradients=s=640x480:r=1:n=5:seed=2", "life=s=640x480:ratio=0.1:seed=3", "cellauto=s=640x480:seed=4"]
    kinds["ffmpeg's sources"] = [frame for source in sources for frame in lavfi(source)]
    kinds["text"] = []
    words = "the quick brown fox jumps over the lazy dog o_o (o o) :-) 8:30 00:00".split()
    for _ in range(40):
        page = Image.new("RGB", (640, 480), tuple(int(v) for v in random.integers(0, 256, 3)))
        side, colour = int(random.integers(10, 60)), tuple(int(v) for v in random.integers(0, 256, 3))
        font = ImageFont.load_default(size=side)
        for line in range(0, 480, int(side * 1.3)):
            ImageDraw.Draw(page).text((5, line), " ".join(random.choice(words, 12)), font=font, fill=colour)
        kinds["text"].append(np.asarray(page))
    kinds["smooth noise"] = []
    for _ in range(40):
        cells = int(random.integers(3, 24))
        noise = Image.fromarray(random.integers(0, 256, (cells, cells * 4 // 3, 3), np.uint8))
        kinds["smooth noise"].append(np.asarray(noise.resize((640, 480), Image.Resampling.BICUBIC)))
    return kinds


def false_faces():
    kinds = non_faces()
    for kind in DETECTORS:
        for name, pictures in kinds.items():
            counts = []
            for more in (["--once"], []):
                counts.append(sum(len(faces) > 0 for faces in detect(kind, pictures[::SAMPLE], *more)))
            print(f"false_faces: {kind}, {name}: {counts[0]} at one look, {counts[1]} with the further ones, of {len(pictures[::SAMPLE])}", flush=True)


def boxes(count=300):
    """How the detectors' boxes of one face differ."""
    pictures = [np.pad(face, ((80, 80), (80, 80), (0, 0)), mode="edge") for face in muxspace(count)]
    ultra, yunet = (detect(kind, pictures) for kind in ("ultraface", "yunet"))
    pairs = np.array([[u[0], y[0]] for u, y in zip(ultra, yunet) if len(u) and len(y)])
    longer = pairs[..., 2:4].max(-1)
    ratio = longer[:, 1] / longer[:, 0]
    shift = (pairs[:, 1, :2] + pairs[:, 1, 2:4] / 2 - pairs[:, 0, :2] - pairs[:, 0, 2:4] / 2) / longer[:, :1]
    low, middle, high = np.quantile(ratio, (0.05, 0.5, 0.95))
    print(f"boxes: YuNet's longer side is {middle:.3f} of UltraFace's (5 to 95%: {low:.3f} to {high:.3f}), of {len(pairs)}")
    print(f"boxes: YuNet's centre is {np.median(shift[:, 0]):+.3f} to the right and {np.median(shift[:, 1]):+.3f} down, in that side")
    print(f"boxes: UltraFace's margin of 1.3 is YuNet's of {1.3 / middle:.2f}")


def cost():
    """Multiply-adds of one look at a 640x480 frame, and milliseconds in our own code on one thread, in turn."""
    for kind, file, shape in (("ultraface", "ultraface-rfb-320.onnx", (240, 320)), ("yunet", "yunet-2026may.onnx", (256, 320))):
        print(f"cost: {kind}, {multiply_adds(SHARED / 'models' / file, shape) / 1e6:.1f} million multiply-adds, input {shape[1]}x{shape[0]}")
    frame = np.asarray(Image.fromarray(muxspace(1)[0]).resize((640, 480)))
    os.environ["RAYON_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="mien-measure-") as folder:
        source = Path(folder) / "input.safetensors"
        write_tensors(source, {"picture.it": frame})
        weights = [DETECTORS[kind] for kind in ("ultraface", "yunet")]
        for attempt in range(3):
            times = json.loads(run(RUNNER, "detector-time", *weights, "--looks", 40, "--input", source))
            said = [f"{kind} {min(ms):.1f} ms (least), {np.median(ms):.1f} (median)" for kind, ms in times.items()]
            print(f"cost: round {attempt + 1}: {'; '.join(said)}; load of the machine {os.getloadavg()[0]:.1f}", flush=True)


def multiply_adds(path, shape):
    model = onnx.load(path)
    for dimension, value in zip(model.graph.input[0].type.tensor_type.shape.dim[2:], shape):
        dimension.dim_value = value
    model = onnx.shape_inference.infer_shapes(model)
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.value_info}
    shapes |= {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.output}
    weights = {w.name: w.dims for w in model.graph.initializer}
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    return sum(np.prod(shapes[n.output[0]][1:]) * np.prod(weights[n.input[1]][1:]) for n in convs)


def framed(count=400):
    """How often whole pictures, found faces and given boxes (of the detector, once more on a border) give one label."""
    model = Path(os.environ["MIEN_MODEL"])
    sources = {"FER+ Valid": [load(path) for path in sorted(FERPLUS.glob("*.png"))[:: max(1, 3579 // count)]], "muxspace": muxspace(count)}
    for name, pictures in sources.items():
        labels = []
        with tempfile.TemporaryDirectory(prefix="mien-measure-") as folder:
            for start in range(0, len(pictures), 100):
                part = {f"picture.{number:04}": p for number, p in enumerate(pictures[start : start + 100])}
                # A dataset's box: the picture itself, less a tenth on each side.
                edges = lambda p: np.array([0.1 * p.shape[1], 0.1 * p.shape[0], 0.8 * p.shape[1], 0.8 * p.shape[0]])
                given = {key.replace("picture.", "box."): edges(p) for key, p in part.items()}
                ours = run_network(Path(folder), part | given, "framed", model)
                labels += [ours[key.replace("picture.", "logits.")].argmax(1) for key in part]
        labels = np.array(labels)
        pairs = [("whole and detected", 0, 1), ("whole and given", 0, 2), ("detected and given", 1, 2)]
        print(f"framed: {name}, {len(labels)} pictures: " + ", ".join(f"{n} {np.mean(labels[:, a] == labels[:, b]):.3f}" for n, a, b in pairs))


PARTS = {f.__name__: f for f in (whole, rotations, small, false_faces, boxes, cost, framed)}
for part in sys.argv[1:] or [name for name in PARTS if name != "framed"]:
    PARTS[part]()
