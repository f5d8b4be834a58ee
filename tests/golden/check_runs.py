"""A run's folder, read by others: TensorBoard reads the events, Pillow the plots, scikit-learn agrees with the evaluation."""

import json
import re
import subprocess

import numpy as np
from golden import MIEN, Checks
from PIL import Image
from sklearn.metrics import f1_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

CONFIG = """mode = "{mode}"
run = "run"
seed = 3
[data]
labelled = "list.csv"
unlabelled = "list.csv"
held_back = 0.3
[model]
input_size = 32
blocks = [1, 1, 1, 1]
width = 4
[training]
batch = 6
steps = 6
steps_an_epoch = 3
rate = 0.05
"""


def write_pictures(folder):
    """Noise of three classes by ten persons."""
    random = np.random.default_rng(5)
    lines = ["path,label,person"]
    for person in range(10):
        for label in (0, 4, 6):
            name = f"{person}-{label}.png"
            Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(folder / name)
            lines.append(f"{name},{label},{person}")
    (folder / "list.csv").write_text("\n".join(lines) + "\n")


def numbers(entry, name=""):
    """All numbers of a log entry but its step and time, by tag."""
    found = {}
    for key, value in entry.items():
        if not name and key in ("step", "unix_time"):
            continue
        tag = f"{name}/{key}" if name else key
        if isinstance(value, dict):
            found |= numbers(value, tag)
        elif isinstance(value, (int, float)):
            found[tag] = value
    return found


def logged(run):
    """What the log says, by tag: (step, value, time)."""
    by_tag = {}
    for line in (run / "log.jsonl").read_text().splitlines():
        entry = json.loads(line)
        for tag, value in numbers(entry).items():
            by_tag.setdefault(tag, []).append((entry["step"], np.float32(value), entry["unix_time"]))
    return by_tag


def agrees(checks, name, run):
    """TensorBoard's scalars are the log's, each step once."""
    events = list(run.glob("events.out.tfevents.*"))
    checks.holds(f"{name}: one event file", len(events) == 1, str(len(events)))
    accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0})
    accumulator.Reload()
    checks.holds(f"{name}: file version 2", accumulator.file_version == 2.0)
    expected = logged(run)
    tags = accumulator.Tags()["scalars"]
    checks.holds(f"{name}: {len(tags)} tags are those of the log", set(tags) == set(expected))
    same = all(
        [(one.step, np.float32(one.value), one.wall_time) for one in accumulator.Scalars(tag)] == expected[tag]
        for tag in tags
    )
    checks.holds(f"{name}: steps, values and times are those of the log", same)


def mien(folder, *arguments):
    subprocess.run([MIEN, "pretrain", "--config", "c.toml", "--device", "cpu", *arguments], cwd=folder, check=True, capture_output=True)


def run_folder(checks, folder):
    """Both ways of training."""
    for mode, terms in (("supervised", ["loss"]), ("semi-supervised", ["L_s", "L_c", "L_f", "L_u", "f"])):
        place = folder / mode
        place.mkdir()
        write_pictures(place)
        (place / "c.toml").write_text(CONFIG.format(mode=mode))
        mien(place)
        run = place / "run"
        agrees(checks, mode, run)
        by_tag = logged(run)
        for term in terms:
            steps = [step for step, _, _ in by_tag[term]]
            checks.holds(f"{mode}: {term} of each step", steps == list(range(1, 7)), str(steps))
        # Taken up again at its end, the run rewrites the events from its log.
        mien(place, "--resume")
        agrees(checks, f"{mode}, resumed", run)
        for plot in ("loss", "f1", "confusion-student"):
            with Image.open(run / f"{plot}.png") as picture:
                values = np.asarray(picture.convert("RGB"))
            checks.holds(f"{mode}: {plot}.png is a picture of something", min(values.shape[:2]) >= 200 and len(np.unique(values)) > 3)
            checks.holds(f"{mode}: {plot}.svg", bool(re.match(r"\s*<svg\b", (run / f"{plot}.svg").read_text())))
        evaluation = json.loads((run / "evaluation.json").read_text())["student"]
        counts = np.array(evaluation["confusion"]["counts"])
        truth, predicted = (axis.repeat(counts.ravel()) for axis in (x.ravel() for x in np.indices(counts.shape)))
        theirs = f1_score(truth, predicted, labels=range(8), average="macro", zero_division=0)
        checks.at_most(f"{mode}: macro F1 of the confusion matrix", abs(theirs - evaluation["macro_f1"]), 1e-12)


Checks().run(run_folder)
