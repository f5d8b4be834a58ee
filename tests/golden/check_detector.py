"""The face detector against its ONNX file run by onnxruntime."""

import csv

import numpy as np
import onnxruntime
from golden import DETECTOR_WEIGHTS, SHARED, TALKING_FACE, Checks, Skipped, require, run_network, video_frames
from PIL import Image

WIDTH, HEIGHT = 320, 240
SCORE_LIMIT, BOX_LIMIT_PX = 1e-3, 1.0
THRESHOLD, OVERLAP = 0.7, 0.3


def reference():
    """The ONNX file in onnxruntime."""
    path = require(SHARED / "models/ultraface-rfb-320.onnx", "../shared/models/ultraface-rfb-320.onnx")
    # It warns of every weight that could be given from outside.
    onnxruntime.set_default_logger_severity(3)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def pictures():
    """Real pictures of faces (some on a wide canvas, as in a video) and whole frames of a video."""
    found = {}
    table = SHARED / "faces/labelled.csv"
    if table.exists():
        rows = list(csv.DictReader(table.open()))
        chosen = [rows[index]["path"] for index in range(0, len(rows), len(rows) // 12)][:12]
        faces = [np.asarray(Image.open(table.parent / path).convert("RGB")) for path in chosen]
        found |= {f"face {index}": face for index, face in enumerate(faces)}
        for index in range(0, 12, 4):
            canvas = np.full((480, 720, 3), 40 * index, np.uint8)
            for place, face in enumerate(faces[index : index + 4]):
                side, left = 110 + 40 * place, 10 + 170 * place
                side = min(side, 720 - left)
                canvas[90 : 90 + side, left : left + side] = np.asarray(Image.fromarray(face).resize((side, side)))
            found[f"group {index // 4}"] = canvas
    if TALKING_FACE.exists():
        found |= {f"video frame {index}": frame for index, frame in enumerate(video_frames(TALKING_FACE, 25, 8))}
    if not found:
        raise Skipped("neither ../shared/faces nor the talking face is there")
    return found


def resized(picture):
    return np.asarray(Image.fromarray(picture).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))


def normalised(small):
    return ((small.astype(np.float32) - 127) / 128).transpose(2, 0, 1)


def priors():
    """Centre and size of UltraFace's prior boxes, normalised `[4420, 4]`."""
    rows = []
    for stride, sides in [(8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256))]:
        lines, columns = -(-HEIGHT // stride), -(-WIDTH // stride)
        for y in range(lines):
            for x in range(columns):
                rows += [((x + 0.5) / columns, (y + 0.5) / lines, side / WIDTH, side / HEIGHT) for side in sides]
    return np.clip(np.array(rows, np.float64), 0, 1)


def corners(regression):
    """SSD's decoding with variances 0.1 and 0.2."""
    prior = priors()
    center = prior[:, :2] + regression[..., :2] * 0.1 * prior[:, 2:]
    half = prior[:, 2:] * np.exp(regression[..., 2:] * 0.2) / 2
    return np.concatenate([center - half, center + half], -1)


def suppressed(scores, boxes, width, height):
    """Threshold, greedy suppression, cut at the frame: rows of left, top, right, bottom, score in pixels."""
    kept = []
    for index in np.argsort(-scores, kind="stable"):
        if scores[index] <= THRESHOLD:
            break
        box = np.clip(boxes[index], 0, 1) * [width, height, width, height]
        if all(overlap(box, better[:4]) <= OVERLAP for better in kept):
            kept.append(np.append(box, scores[index]))
    return np.array(kept).reshape(-1, 5)


def overlap(a, b):
    sides = np.minimum(a[2:], b[2:4]) - np.maximum(a[:2], b[:2])
    if (sides <= 0).any():
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    both = sides.prod()
    return both / (area(a) + area(b) - both)


def raw_outputs(checks, folder):
    """The same input through both networks: every prior's score and box, not only those of faces."""
    session = reference()
    inputs = np.stack([normalised(resized(picture)) for picture in pictures().values()])
    theirs = [session.run(None, {session.get_inputs()[0].name: row[None]}) for row in inputs]
    scores, boxes = (np.concatenate([outputs[n] for outputs in theirs]) for n in (0, 1))
    ours = run_network(folder, {"pictures": inputs}, "detector-raw", DETECTOR_WEIGHTS)
    checks.agree("scores of all priors", ours["scores"], scores[..., 1], SCORE_LIMIT)
    found = corners(ours["boxes"]) * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    checks.agree("boxes of all priors in pixels of the input", found, boxes * [WIDTH, HEIGHT, WIDTH, HEIGHT], BOX_LIMIT_PX)


def faces_in_pictures(checks, folder):
    """Pictures of any size to faces: network, decoding and suppression, in pixels of the picture.

    Both see the picture as our resize makes it; `check_pictures.py` compares that with Pillow's.
    """
    session, total = reference(), 0
    cases = pictures()
    inputs = {f"picture.{name}": picture for name, picture in cases.items()}
    small = run_network(folder, inputs, "resize", WIDTH, HEIGHT)
    ours = run_network(folder, inputs, "detector-faces", DETECTOR_WEIGHTS)
    for name, picture in cases.items():
        height, width = picture.shape[:2]
        scores, boxes = session.run(None, {session.get_inputs()[0].name: normalised(small[f"resized.{name}"])[None]})
        expected = suppressed(scores[0, :, 1], boxes[0].astype(np.float64), width, height)
        found = ours[f"faces.{name}"]
        total += len(expected)
        if len(found) != len(expected):
            checks.holds(f"faces in {name}", False, f"{len(found)} found, {len(expected)} expected")
            continue
        found = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4], found[:, 4:]], 1)
        box_error = np.abs(found[:, :4] - expected[:, :4]).max(initial=0)
        score_error = np.abs(found[:, 4] - expected[:, 4]).max(initial=0)
        what = f"{len(expected)} faces in {name} ({width}x{height})"
        checks.at_most(f"{what}, boxes in pixels", box_error, BOX_LIMIT_PX)
        checks.at_most(f"{what}, scores", score_error, SCORE_LIMIT)
    checks.holds("there are faces to compare", total >= len(cases) // 2, f"{total} in {len(cases)} pictures")


Checks().run(raw_outputs, faces_in_pictures)
