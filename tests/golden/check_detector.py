"""The face detectors against their ONNX files run by onnxruntime."""

import csv

import numpy as np
import onnxruntime
from golden import DETECTORS, SHARED, TALKING_FACE, Checks, Skipped, require, run_network, video_frames
from PIL import Image

WIDTH, HEIGHT = 320, 240
SCORE_LIMIT, BOX_LIMIT_PX = 1e-3, 1.0
THRESHOLD, OVERLAP = {"ultraface": 0.7, "yunet": 0.6}, 0.3
ONNX = {"ultraface": "ultraface-rfb-320.onnx", "yunet": "yunet-2026may.onnx"}
STRIDES = (8, 16, 32)


def reference(kind):
    """The ONNX file in onnxruntime: a function from one picture to its named outputs."""
    path = require(SHARED / "models" / ONNX[kind], f"../shared/models/{ONNX[kind]}")
    # It warns of every weight that could be given from outside.
    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name, names = session.get_inputs()[0].name, [output.name for output in session.get_outputs()]
    return lambda values: dict(zip(names, session.run(None, {name: values[None]})))


def pictures():
    """Real pictures of faces (some on a wide canvas, as in a video) and whole frames of videos, of many sizes."""
    found = {}
    table = SHARED / "faces/labelled.csv"
    if table.exists():
        rows = list(csv.DictReader(table.open()))
        chosen = [rows[index]["path"] for index in range(0, len(rows), len(rows) // 12)][:12]
        faces = [np.asarray(Image.open(table.parent / path).convert("RGB")) for path in chosen]
        found |= {f"face {index}": face for index, face in enumerate(faces)}
        for index in range(0, 12, 4):
            canvas = np.full((480, 720, 3), 20 * index, np.uint8)
            for place, face in enumerate(faces[index : index + 4]):
                side, left = 110 + 40 * place, 10 + 170 * place
                side = min(side, 720 - left)
                canvas[90 : 90 + side, left : left + side] = np.asarray(Image.fromarray(face).resize((side, side)))
            found[f"group {index // 4}"] = canvas
    clips = sorted((SHARED / "clips").glob("*.mp4"))
    for number, clip in enumerate(clips):
        frame = video_frames(clip, 1, 1)[0]
        # Wide, square, high and small, so that their input sizes differ.
        crops = [frame, frame[:, 60:420], frame[:300], frame[:, 150:330], frame[::10, ::10], frame[::3, ::3]]
        found[f"clip {number}"] = np.ascontiguousarray(crops[number % len(crops)])
    if TALKING_FACE.exists():
        found |= {f"video frame {index}": frame for index, frame in enumerate(video_frames(TALKING_FACE, 25, 8))}
    if not found:
        raise Skipped("neither ../shared/faces nor ../shared/clips nor the talking face is there")
    return found


def resized(picture, width, height):
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def input_size(kind, width, height):
    """UltraFace has one size; YuNet's longest side is 320, at most four times the picture's, and sides are multiples of 32."""
    if kind == "ultraface":
        return WIDTH, HEIGHT
    longest = max(width, height)
    target = min(320, 4 * longest)
    return tuple(32 * -(-max(1, -(-side * target // longest)) // 32) for side in (width, height))


def normalised(kind, small):
    if kind == "yunet":
        return small[..., ::-1].astype(np.float32).transpose(2, 0, 1)
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


def of_yunet(outputs, width):
    """Scores, corners and landmarks of all anchors in pixels of the input, as OpenCV's FaceDetectorYN decodes them."""
    scores, boxes, points = [], [], []
    for stride in STRIDES:
        part = {name: outputs[f"{name}_{stride}"][0].astype(np.float64) for name in ("cls", "obj", "bbox", "kps")}
        at = np.arange(len(part["cls"]))
        place = np.stack([at % (width // stride), at // (width // stride)], 1)
        scores.append(np.sqrt(np.clip(part["cls"], 0, 1) * np.clip(part["obj"], 0, 1))[:, 0])
        center, size = (place + part["bbox"][:, :2]) * stride, np.exp(part["bbox"][:, 2:]) * stride
        boxes.append(np.concatenate([center - size / 2, center + size / 2], 1))
        points.append((place[:, None] + part["kps"].reshape(-1, 5, 2)) * stride)
    return np.concatenate(scores), np.concatenate(boxes), np.concatenate(points)


def decoded(kind, outputs, width, height):
    """Scores, corners and landmarks (`None` of UltraFace) in shares of the picture."""
    if kind == "ultraface":
        return outputs["scores"][0, :, 1], outputs["boxes"][0].astype(np.float64), None
    scores, boxes, points = of_yunet(outputs, width)
    return scores, boxes / [width, height, width, height], points / [width, height]


def suppressed(threshold, scores, boxes, width, height):
    """Threshold, greedy suppression, cut at the frame: places, and rows of left, top, right, bottom, score in pixels."""
    places, kept = [], []
    for index in np.argsort(-scores, kind="stable"):
        if scores[index] <= threshold:
            break
        box = np.clip(boxes[index], 0, 1) * [width, height, width, height]
        if all(overlap(box, better[:4]) <= OVERLAP for better in kept):
            places.append(index)
            kept.append(np.append(box, scores[index]))
    return places, np.array(kept).reshape(-1, 5)


def overlap(a, b):
    sides = np.minimum(a[2:], b[2:4]) - np.maximum(a[:2], b[:2])
    if (sides <= 0).any():
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    both = sides.prod()
    return both / (area(a) + area(b) - both)


def raw_ultraface(checks, folder):
    """The same input through both networks: every prior's score and box, not only those of faces."""
    run = reference("ultraface")
    inputs = np.stack([normalised("ultraface", resized(picture, WIDTH, HEIGHT)) for picture in pictures().values()])
    theirs = [run(row) for row in inputs]
    scores, boxes = (np.concatenate([outputs[n] for outputs in theirs]) for n in ("scores", "boxes"))
    ours = run_network(folder, {"pictures": inputs}, "detector-raw", "ultraface", DETECTORS["ultraface"])
    checks.agree("UltraFace, scores of all priors", ours["scores"], scores[..., 1], SCORE_LIMIT)
    found = corners(ours["boxes"]) * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    theirs = boxes * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    checks.agree("UltraFace, boxes of all priors in pixels of the input", found, theirs, BOX_LIMIT_PX)


def raw_yunet(checks, folder):
    """As for UltraFace, at the sizes of each picture."""
    run = reference("yunet")
    sizes = set()
    for name, picture in pictures().items():
        width, height = input_size("yunet", picture.shape[1], picture.shape[0])
        if (width, height) in sizes:
            continue
        sizes.add((width, height))
        values = normalised("yunet", resized(picture, width, height))
        outputs = run(values)
        ours = run_network(folder, {"pictures": values[None]}, "detector-raw", "yunet", DETECTORS["yunet"])
        theirs = [np.concatenate([outputs[f"{part}_{stride}"][0] for stride in STRIDES]) for part in ("cls", "obj", "bbox", "kps")]
        what = f"YuNet at {width}x{height} ({name})"
        checks.agree(f"{what}, scores of all anchors", ours["scores"][0], np.sqrt(theirs[0] * theirs[1])[:, 0], SCORE_LIMIT)
        checks.agree(f"{what}, boxes of all anchors in strides", ours["boxes"][0], theirs[2], SCORE_LIMIT)
        checks.agree(f"{what}, landmarks of all anchors in strides", ours["landmarks"][0], theirs[3], SCORE_LIMIT)
    checks.at_least("input sizes of YuNet", len(sizes), 4)


def faces_in_pictures(kind):
    """Pictures of any size to faces: network, decoding and suppression, in pixels of the picture.

    Both see the picture as our resize makes it; `check_pictures.py` compares that with Pillow's.
    """

    def check(checks, folder):
        run, total = reference(kind), 0
        cases = pictures()
        ours = run_network(folder, {f"picture.{n}": p for n, p in cases.items()}, "detector-faces", kind, DETECTORS[kind], "--once")
        for name, picture in cases.items():
            height, width = picture.shape[:2]
            size = input_size(kind, width, height)
            small = run_network(folder, {"picture.it": picture}, "resize", *size)["resized.it"]
            scores, boxes, points = decoded(kind, run(normalised(kind, small)), *size)
            places, expected = suppressed(THRESHOLD[kind], scores, boxes, width, height)
            found = ours[f"faces.{name}"]
            total += len(expected)
            if len(found) != len(expected):
                checks.holds(f"{kind}, faces in {name}", False, f"{len(found)} found, {len(expected)} expected")
                continue
            corners_px = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], 1)
            what = f"{kind}, {len(expected)} faces in {name} ({width}x{height})"
            checks.at_most(f"{what}, boxes in pixels", np.abs(corners_px - expected[:, :4]).max(initial=0), BOX_LIMIT_PX)
            checks.at_most(f"{what}, scores", np.abs(found[:, 4] - expected[:, 4]).max(initial=0), SCORE_LIMIT)
            if points is not None and places:
                theirs = points[places] * [width, height]
                landmarks = ours[f"landmarks.{name}"]
                checks.at_most(f"{what}, landmarks in pixels", np.abs(landmarks - theirs).max(initial=0), BOX_LIMIT_PX)
                eyes = theirs[:, 1] - theirs[:, 0]
                roll = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
                checks.at_most(f"{what}, roll in degrees", np.abs(found[:, 5] - roll).max(initial=0), 1.0)
        checks.holds(f"{kind}: there are faces to compare", total >= len(cases) // 2, f"{total} in {len(cases)} pictures")

    check.__name__ = f"faces_in_pictures_{kind}"
    return check


Checks().run(raw_ultraface, raw_yunet, *map(faces_in_pictures, ONNX))
