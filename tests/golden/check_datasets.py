"""Datasets written by numpy, Python's csv and struct in the layouts of the real ones, against what `mien data` reads of them."""

import csv
import json
import struct
from io import BytesIO

import numpy as np
from golden import MIEN, Checks, run
from PIL import Image

CLASSES = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"]
AFFECTNET = ["Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger"]
EXPW = ["Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral"]
COLUMNS = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal".split(",")
MAGIC = 0xCED7230A


def jpeg(random):
    buffer = BytesIO()
    Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def counts(names):
    """Counts in the order of the classes, and how many have none."""
    return [names.count(name) for name in CLASSES], sum(name is None for name in names)


def affectnet_2017(folder, random):
    """250 rows with quoted landmarks, all codes."""
    codes = random.integers(0, 11, 250).tolist()
    (folder / "pictures").mkdir()
    with (folder / "training.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, code in enumerate(codes):
            (folder / f"pictures/{number}.jpg").write_bytes(jpeg(random))
            writer.writerow([f"{number}.jpg", 2, 3, 15, 16, "1.5;2.5, 3;4", code, -0.25, 0.5])
    with (folder / "training.csv").open(newline="") as file:
        read = [int(row["expression"]) for row in csv.DictReader(file)]
    keys = {"pictures": folder / "pictures", "annotations": folder / "training.csv"}
    return "affectnet-2017", keys, [AFFECTNET[code] if code < 7 else None for code in read]


def affectnet_2021(folder, random):
    """Annotations saved by numpy in every type that the releases were seen with, and some more."""
    types = [str, np.int64, np.int32, np.int16, np.int8, np.uint8, np.float32, np.float64]
    codes = random.integers(0, 8, 80).tolist()
    for name in ("images", "annotations"):
        (folder / name).mkdir()
    read = []
    for number, code in enumerate(codes):
        (folder / f"images/{number}.jpg").write_bytes(jpeg(random))
        path = folder / f"annotations/{number}_exp.npy"
        np.save(path, np.array(types[number % len(types)](code)))
        np.save(folder / f"annotations/{number}_val.npy", np.array(0.5))
        read.append(int(np.load(path)))
    return "affectnet-2021", {"path": folder}, [AFFECTNET[code] if code < 7 else None for code in read]


def expw(folder, random):
    """Several faces a picture."""
    labels = random.integers(0, 7, 60).tolist()
    (folder / "pictures").mkdir()
    rows = []
    for number, label in enumerate(labels):
        (folder / f"pictures/{number // 3}.jpg").write_bytes(jpeg(random))
        rows.append(f"{number // 3}.jpg {number % 3} 2 3 20 21 {random.uniform(0, 100):.4f} {label}\n")
    (folder / "label.lst").write_text("".join(rows))
    keys = {"pictures": folder / "pictures", "annotations": folder / "label.lst"}
    return "expw", keys, [EXPW[label] for label in labels]


def records_of(payload):
    """As dmlc-core's RecordIOWriter writes: cut at each aligned magic, which is left out."""
    words = [payload[at : at + 4] for at in range(0, len(payload) // 4 * 4, 4)]
    cuts = [4 * at for at, word in enumerate(words) if word == struct.pack("<I", MAGIC)]
    starts, ends = [0, *(cut + 4 for cut in cuts)], [*cuts, len(payload)]
    out = b""
    for part, (start, end) in enumerate(zip(starts, ends)):
        flag = 0 if not cuts else 1 if part == 0 else 3 if part == len(cuts) else 2
        data = payload[start:end]
        out += struct.pack("<II", MAGIC, flag << 29 | len(data)) + data + b"\0" * (-len(data) % 4)
    return out


def ms1mv2(folder, random):
    """40 pictures, every fifth with the magic behind its JPEG, then three identities."""
    header = struct.Struct("<IfQQ")
    records, index, key = records_of(header.pack(2, 0, 0, 0) + struct.pack("<2f", 41, 44)), ["0\t0\n"], 1
    for number in range(40):
        picture = jpeg(random)
        if number % 5 == 0:
            picture += b"\0" * (-len(picture) % 4) + struct.pack("<I", MAGIC) * 2 + b"tail"
        index.append(f"{key}\t{len(records)}\n")
        records += records_of(header.pack(0, number, key, 0) + picture)
        key += 1
    for identity in range(3):
        index.append(f"{key}\t{len(records)}\n")
        records += records_of(header.pack(2, 0, key, 0) + struct.pack("<2f", 1 + identity, 2 + identity))
        key += 1
    (folder / "train.rec").write_bytes(records)
    (folder / "train.idx").write_text("".join(index))
    return "ms1mv2", {"path": folder / "train.rec"}, [None] * 40


def datasets(checks, folder):
    random = np.random.default_rng(11)
    config, expected = 'mode = "semi-supervised"\nrun = "run"\n', []
    for write in (affectnet_2017, affectnet_2021, expw, ms1mv2):
        place = folder / write.__name__
        place.mkdir()
        kind, keys, names = write(place, random)
        use = "unlabelled" if kind == "ms1mv2" else "labelled"
        config += f'[[data.source]]\nkind = "{kind}"\nuse = "{use}"\n'
        config += "".join(f'{key} = "{path}"\n' for key, path in keys.items())
        expected.append((kind, names))
    (folder / "config.toml").write_text(config)
    report = json.loads(run(MIEN, "data", "--config", folder / "config.toml", "--json"))
    for found, (kind, names) in zip(report["sources"], expected, strict=True):
        by_class, without = counts(names)
        holds = found["classes"] == by_class and found["without_label"] == without and found["pictures"] == len(names)
        checks.holds(f"{kind}: {len(names)} pictures, the same classes", holds, f"{found['classes']}, {without} without")
        checks.holds(f"{kind}: every picture is decoded", found["opened"] == len(names) and not found["findings"])


Checks().run(datasets)
