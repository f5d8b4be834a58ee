"""Datasets written by numpy, Python's csv and struct in the layouts of the real ones, against what `mien data` reads of them."""

import csv
import json
import struct
from io import BytesIO

import numpy as np
from golden import MIEN, SHARED, Checks, require, run
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


def counts(labels):
    """Sums in the order of the classes, and how many have none; a label is a class or shares of them."""
    sums = np.zeros(8)
    for label in labels:
        if label is not None:
            sums += label if isinstance(label, np.ndarray) else np.eye(8)[CLASSES.index(label)]
    return sums, sum(label is None for label in labels)


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


FERPLUS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF".split(",")
OF_FERPLUS = dict(zip(FERPLUS, ["Neutral", "Happiness", "Surprise", "Sadness", "Anger", "Disgust", "Fear", "Other", None, None]))
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
FER2013 = ["Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral"]
RAFDB = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]


def votes_of(row):
    """The counted votes of a row of FER+: those of 1 are outliers."""
    return np.array([int(row[name]) if int(row[name]) > 1 else 0 for name in FERPLUS])


def majority(row):
    """The published protocol: more than half of the counted votes, and not for `unknown` or `NF`."""
    votes = votes_of(row)
    return OF_FERPLUS[FERPLUS[votes.argmax()]] if 2 * votes.max() > votes.sum() else None


def shares(row):
    """The classes' shares of the counted votes in the order of the classes, where most of the counted votes are for a class."""
    votes = votes_of(row)
    if votes[:8].sum() <= votes[8:].sum():
        return None
    by_class = dict.fromkeys(CLASSES, 0.0)
    for name, count in zip(FERPLUS[:8], votes[:8]):
        by_class[OF_FERPLUS[name]] += count / votes[:8].sum()
    return np.array([by_class[name] for name in CLASSES])


def first_rows(path, usage):
    """The rows of a part, by name, each name's first row alone."""
    rows = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["Usage"] == usage and row["Image name"]:
                rows.setdefault(row["Image name"], row)
    return list(rows.values())


def random_votes(random, count):
    """Rows of votes in FER+'s layout; some without a name, some names twice."""
    rows = []
    for number in range(count):
        votes = random.multinomial(10, random.dirichlet(np.full(10, 0.25)))
        name = "" if number % 23 == 7 else f"fer{number - (number % 31 == 9):07}.png"
        usage = ["Training", "PublicTest", "PrivateTest"][random.choice(3, p=[0.7, 0.2, 0.1])] if name else "Training"
        rows.append([usage if number % 31 not in (8, 9) else "Training", name, *votes.tolist()])
    return rows


def write_votes(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *FERPLUS])
        writer.writerows(rows)


def ferplus(folder, random):
    """300 rows, with the votes as shares."""
    rows = random_votes(random, 300)
    write_votes(folder / "fer2013new.csv", rows)
    for usage, name, *_ in rows:
        (folder / FOLDERS[usage]).mkdir(exist_ok=True)
        if name:
            Image.fromarray(random.integers(0, 256, (48, 48), dtype=np.uint8)).save(folder / FOLDERS[usage] / name)
    read = first_rows(folder / "fer2013new.csv", "Training")
    return "ferplus", {"path": folder, "usage": "train"}, [shares(row) for row in read]


def fer2013(folder, random):
    """Kaggle's file with the votes of the same rows beside it, by majority."""
    rows = random_votes(random, 90)
    write_votes(folder / "fer2013new.csv", rows)
    with (folder / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for usage, *_ in rows:
            pixels = random.integers(0, 256, 48 * 48)
            writer.writerow([random.integers(0, 7), " ".join(map(str, pixels)), usage])
    read = first_rows(folder / "fer2013new.csv", "Training")
    keys = {"path": folder / "fer2013.csv", "usage": "Training", "labels": "majority"}
    return "ferplus", keys, [majority(row) for row in read]


def fer2013_alone(folder, random):
    """Kaggle's file with its own labels."""
    emotions = random.integers(0, 7, 40).tolist()
    with (folder / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for emotion in emotions:
            writer.writerow([emotion, " ".join(map(str, random.integers(0, 256, 48 * 48))), "PrivateTest"])
    return "ferplus", {"path": folder, "usage": "test"}, [FER2013[emotion] for emotion in emotions]


def rafdb(folder, random):
    """70 pictures of the one part and 30 of the other."""
    (folder / "EmoLabel").mkdir()
    (folder / "Image/aligned").mkdir(parents=True)
    names, text = [], ""
    for number in range(100):
        name, label = f"{'train' if number < 70 else 'test'}_{number:05}", random.integers(1, 8)
        (folder / f"Image/aligned/{name}_aligned.jpg").write_bytes(jpeg(random))
        text += f"{name}.jpg {label}\n"
        names.append(RAFDB[label - 1])
    (folder / "EmoLabel/list_patition_label.txt").write_text(text)
    return "rafdb", {"path": folder, "usage": "train"}, names[:70]


def shared_csv(folder, random):
    """A list with a column of probability for each class."""
    rows = random.dirichlet(np.full(8, 0.5), 50)
    with (folder / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", *(f"share_{name.lower()}" for name in CLASSES)])
        for number, row in enumerate(rows):
            (folder / f"{number}.jpg").write_bytes(jpeg(random))
            writer.writerow([f"{number}.jpg", *row])
    return "csv", {"path": folder / "list.csv"}, list(rows)


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
    for write in (affectnet_2017, affectnet_2021, expw, ferplus, fer2013, fer2013_alone, rafdb, shared_csv, ms1mv2):
        place = folder / write.__name__
        place.mkdir()
        kind, keys, names = write(place, random)
        use = "unlabelled" if kind == "ms1mv2" else "labelled"
        config += f'[[data.source]]\nkind = "{kind}"\nuse = "{use}"\n'
        config += "".join(f'{key} = "{path}"\n' for key, path in keys.items())
        expected.append((f"{kind} ({write.__name__})", names))
    (folder / "config.toml").write_text(config)
    report = json.loads(run(MIEN, "data", "--config", folder / "config.toml", "--json"))
    for found, (kind, names) in zip(report["sources"], expected, strict=True):
        by_class, without = counts(names)
        same = np.abs(np.array(found["classes"]) - by_class).max() < 0.0051
        holds = same and found["without_label"] == without and found["pictures"] == len(names)
        checks.holds(f"{kind}: {len(names)} pictures, the same classes", holds, f"{found['classes']}, {without} without")
        flaws = {"missing files", "unreadable pictures"} & set(found["findings"])
        checks.holds(f"{kind}: every picture is decoded", found["opened"] == len(names) and not flaws, str(flaws or ""))


def published_counts(checks, folder):
    """The pictures of FER+ that the published protocol leaves, counted here and by the program."""
    dataset = require(SHARED / "faces/ferplus", "FER+")
    config = 'mode = "supervised"\nrun = "run"\n[data]\nquota = 0\n'
    for use, usage in (("labelled", "train"), ("validation", "valid")):
        config += f'[[data.source]]\nkind = "ferplus"\nuse = "{use}"\npath = "{dataset}"\nusage = "{usage}"\nlabels = "majority"\n'
    (folder / "config.toml").write_text(config)
    report = json.loads(run(MIEN, "data", "--config", folder / "config.toml", "--json", "--sample", "50"))
    for found, usage, published in zip(report["sources"], ("Training", "PublicTest"), (25057, 3199), strict=True):
        names = [majority(row) for row in first_rows(dataset / "fer2013new.csv", usage)]
        by_class, without = counts(names)
        checks.holds(f"FER+, {usage}: {published} pictures", by_class.sum() == published == sum(found["classes"]))
        checks.holds(f"FER+, {usage}: the same classes", found["classes"] == by_class.tolist(), str(found["classes"]))
        checks.holds(f"FER+, {usage}: as many without a label", found["without_label"] == without, str(without))


Checks().run(datasets, published_counts)
