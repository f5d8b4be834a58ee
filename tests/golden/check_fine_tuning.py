"""The recipe for a few hundred pictures of one's own (native-train/configs/fine-tune.toml): after it a model reads such pictures better.

`tiny` has not learned from FER+; FER+'s pictures stand for a lab's own. `--full` does the recipe as it stands with 500 pictures drawn with three
seeds, and prints the figures of docs/models.md on FER+ Valid; it passes and fails nothing.
"""

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

from golden import MIEN, REPOSITORY, SHARED, Checks, Skipped

FERPLUS = SHARED / "faces/ferplus"
RECIPE = REPOSITORY / "native-train/configs/fine-tune.toml"
TINY = REPOSITORY / "www/models/tiny.safetensors"
# FER+'s columns in the order of this program's classes.
VOTES = ["neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"]
OTHERS = ["contempt", "unknown", "NF"]
STEPS = "steps = 1000\nsteps_an_epoch = 200"


def majorities(usage):
    """Path and class of the pictures on which more than half of the votes agree (Barsoum et al. 2016), contempt left out."""
    folder = {"Training": "FER2013Train", "PublicTest": "FER2013Valid"}[usage]
    found = []
    for row in csv.DictReader((FERPLUS / "fer2013new.csv").open()):
        if row["Usage"] != usage or not row["Image name"]:
            continue
        votes = {name: int(row[name]) if int(row[name]) > 1 else 0 for name in VOTES + OTHERS}
        best = max(VOTES, key=votes.get)
        if votes[best] * 2 > sum(votes.values()):
            found.append((FERPLUS / folder / row["Image name"], VOTES.index(best)))
    return found


def write_list(path, pictures):
    path.write_text("path,label\n" + "".join(f"{picture},{label}\n" for picture, label in pictures))
    return path


def fine_tuned(folder, pictures, steps=None):
    """The model that the recipe makes of `pictures`."""
    folder.mkdir(parents=True, exist_ok=True)
    mine = write_list(folder / "mine.csv", pictures)
    text = RECIPE.read_text()
    for old, new in [
        ('"target/runs/fine-tune"', json.dumps(str(folder / "run"))),
        ('"mine.csv"', json.dumps(str(mine))),
        ('"www/models/tiny.safetensors"', json.dumps(str(TINY))),
        (STEPS, f"steps = {steps}\nsteps_an_epoch = {steps // 2}" if steps else STEPS),
    ]:
        assert old in text, f"the recipe no longer has {old}"
        text = text.replace(old, new)
    (folder / "recipe.toml").write_text(text)
    subprocess.run([MIEN, "pretrain", "--config", folder / "recipe.toml", "--device", "cpu"], check=True, capture_output=True)
    return folder / "run/student.safetensors"


def evaluated(model, data):
    """Accuracy, and mean recall over the seven classes that FER+ is measured by."""
    command = [MIEN, "evaluate", "--model", model, "--data", data, "--device", "cpu", "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout)
    recalls = [line["recall"] for line in report["classes"] if line["support"] > 0 and line["class"] != "Other"]
    return report["accuracy"], sum(recalls) / len(recalls)


def a_few_hundred_pictures_help(checks, folder):
    if not FERPLUS.is_dir():
        raise Skipped(f"{FERPLUS} is not there")
    pictures = majorities("Training")
    random.Random(1).shuffle(pictures)
    mine, others = pictures[:400], write_list(folder / "others.csv", pictures[400:1400])
    before = evaluated(TINY, others)
    after = evaluated(fine_tuned(folder / "tuned", mine, steps=300), others)
    checks.at_least("accuracy on other pictures rises, by", after[0] - before[0], 0.03)
    checks.at_least("mean recall on other pictures does not fall, by", after[1] - before[1], 0.0)


def full(folder):
    valid = REPOSITORY / "native-train/configs/measure/ferplus-valid.toml"
    print("tiny", *(f"{figure:.3f}" for figure in evaluated(TINY, valid)), flush=True)
    for seed in (1, 2, 3):
        pictures = majorities("Training")
        random.Random(seed).shuffle(pictures)
        model = fine_tuned(folder / str(seed), pictures[:500])
        print(f"500 pictures, draw {seed}", *(f"{figure:.3f}" for figure in evaluated(model, valid)), flush=True)


if __name__ == "__main__":
    if "--full" in sys.argv:
        full(Path(sys.argv[-1]))
    else:
        Checks().run(a_few_hundred_pictures_help)
