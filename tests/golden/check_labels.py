"""Figures against scikit-learn, smoothing and calibration against their definitions."""

import csv
import json
import os
import warnings

import numpy as np
import pympi
from golden import MIEN, RUNNER, Checks, Skipped, require, run, run_network, write_tensors
from lxml import etree
from PIL import Image
from random_networks import CLASSES, Temporal, resnet, write_model
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

LIMIT = 1e-9
# A table as it was before there were more columns, and those that it has now behind them.
COLUMNS = (
    "video,track,frame,time_s,x,y,w,h,p_neutral,p_anger,p_disgust,p_fear,p_happiness,p_sadness,p_surprise,p_other,"
    "raw,temporal,smoothed,reviewed"
)
LATER_COLUMNS = (
    "raw_p_neutral,raw_p_anger,raw_p_disgust,raw_p_fear,raw_p_happiness,raw_p_sadness,raw_p_surprise,raw_p_other,media_s"
)


def label_lists():
    """Truth and prediction: balanced, rare classes, absent classes, all right, all wrong, a single class."""
    random = np.random.default_rng(31)
    truth = random.integers(0, 8, 500)
    noisy = np.where(random.random(500) < 0.6, truth, random.integers(0, 8, 500))
    rare = random.choice(8, 700, p=[0.5, 0.02, 0.02, 0.01, 0.35, 0.05, 0.04, 0.01])
    few = random.choice([0, 4, 5], 300)
    yield "balanced", truth, noisy
    yield "rare classes", rare, np.where(random.random(700) < 0.5, rare, random.choice(8, 700))
    yield "absent classes", few, np.where(random.random(300) < 0.7, few, random.choice([0, 4], 300))
    yield "all right", truth, truth
    yield "all wrong", truth, (truth + 1) % 8
    yield "one predicted", truth, np.full(500, 4)


def expect_report(checks, name, report, truth, prediction):
    """Compares one report with scikit-learn's figures; absent classes count as 0 in the mean of the eight."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        precision, recall, f1, support = precision_recall_fscore_support(truth, prediction, labels=range(8), zero_division=0)
        kappa = cohen_kappa_score(truth, prediction)
        recall_of_present = balanced_accuracy_score(truth, prediction)
    figures = {"macro_f1": f1.mean(), "accuracy": accuracy_score(truth, prediction), "kappa": kappa, "mean_recall": recall_of_present}
    error = max(abs(report[key] - value) for key, value in figures.items())
    checks.at_most(f"{name}: macro F1, accuracy, kappa", error, LIMIT, f"macro F1 {figures['macro_f1']:.4f}, kappa {kappa:.4f}")
    classes = report["classes"]
    theirs = np.stack([precision, recall, f1, support])
    ours = np.array([[row[key] for row in classes] for key in ("precision", "recall", "f1", "support")])
    checks.agree(f"{name}: precision, recall, F1 and support a class", ours, theirs, LIMIT)
    counts = np.array(report["confusion"]["counts"])
    checks.holds(f"{name}: confusion matrix", (counts == confusion_matrix(truth, prediction, labels=range(8))).all())
    absent = [CLASSES[c] for c in range(8) if c not in truth and c not in prediction]
    checks.holds(f"{name}: absent classes are named", report["absent"] == absent, ", ".join(absent) or "none")


def figures(checks, folder):
    """The figures themselves."""
    for name, truth, prediction in label_lists():
        write_tensors(folder / "input.safetensors", {"truth": truth, "prediction": prediction})
        report = json.loads(run(RUNNER, "metrics", "--input", folder / "input.safetensors"))
        expect_report(checks, name, report, truth, prediction)


def scored(predictions, truth):
    """What `mien score` says."""
    return json.loads(run(MIEN, "score", "--predictions", predictions, "--truth", truth, "--json"))


def score_of_annotation_files(checks, folder):
    """`mien score` on Aff-Wild2 files, where frames without annotation do not count."""
    random = np.random.default_rng(33)
    for name, truth, prediction in label_lists():
        truth = np.where(random.random(len(truth)) < 0.1, -1, truth)
        for side, labels in (("truth", truth), ("prediction", prediction)):
            (folder / f"{side}.txt").write_text("\n".join([",".join(CLASSES), *map(str, labels)]) + "\n")
        report = scored(folder / "prediction.txt", folder / "truth.txt")
        known = truth >= 0
        expect_report(checks, f"mien score, {name}", report, truth[known], prediction[known])


def score_of_frame_table(checks, folder):
    """`mien score` on the per-frame csv against an annotation file."""
    _, truth, prediction = next(label_lists())
    rows = [f"v.mp4,0,{i},{i / 25:.6f},1,1,9,9,{','.join(['0.125'] * 8)},{p},{p},{p}," for i, p in enumerate(prediction)]
    (folder / "v.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    (folder / "v.txt").write_text("\n".join([",".join(CLASSES), *map(str, truth)]) + "\n")
    report = scored(folder / "v.csv", folder / "v.txt")
    expect_report(checks, "mien score, csv of older columns", report, truth, prediction)
    later = [f"{row},{','.join(['0.125'] * 8)},{i / 25 + 1:.6f}" for i, row in enumerate(rows)]
    (folder / "v.csv").write_text("\n".join([f"{COLUMNS},{LATER_COLUMNS}", *later]) + "\n")
    report = scored(folder / "v.csv", folder / "v.txt")
    expect_report(checks, "mien score, csv", report, truth, prediction)


def units_by_definition(truth, prediction, rate, window):
    """Both sides' label of each unit; `window` is None for stretches, else seconds."""
    pairs = list(zip(truth.tolist(), prediction.tolist()))
    if window is None:
        starts = [i for i, pair in enumerate(pairs) if i == 0 or pair != pairs[i - 1]]
        units = [pairs[i] for i in starts]
        return np.array([pair for pair in units if min(pair) >= 0]).T
    windows = {}
    for frame, pair in enumerate(pairs):
        if min(pair) >= 0:
            windows.setdefault(int(frame / rate / window + 1e-9), []).append(pair)
    most = [[np.bincount(side, minlength=8).argmax() for side in zip(*inside)] for inside in windows.values()]
    return np.array(most).T


def agreement(checks, folder):
    """Kappa over frames, stretches and windows, with frames that one side leaves out."""
    random = np.random.default_rng(37)
    rate, windows = 24, [0.25, 1, 2.5]
    for name, _, _ in label_lists():
        truth = np.repeat(random.integers(-1, 8, 120), random.integers(1, 40, 120))
        other = np.where(random.random(len(truth)) < 0.85, np.roll(truth, 5), random.integers(-1, 8, len(truth)))
        write_tensors(folder / "input.safetensors", {"truth": truth, "prediction": other})
        arguments = ("agreement", "--rate", rate, *windows, "--input", folder / "input.safetensors")
        reports = json.loads(run(RUNNER, *arguments))
        known = (truth >= 0) & (other >= 0)
        expect_report(checks, f"{name}, frames", reports["frames"], truth[known], other[known])
        for key, window in (("stretches", None), *((f"{window:g}", window) for window in windows)):
            ours, theirs = units_by_definition(truth, other, rate, window)
            expect_report(checks, f"{name}, {key}", reports[key], ours, theirs)


def elan_file(checks, folder):
    """The ELAN file of a csv's labels as pympi reads it, and pympi's own file as `mien score` reads it."""
    _, truth, _ = next(label_lists())
    truth = np.repeat(truth[:60], 12)
    rows = [f"v.mp4,0,{i},{i / 24:.6f},1,1,9,9,{','.join(['0.125'] * 8)},{p},{p},{p}," for i, p in enumerate(truth)]
    (folder / "v.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    theirs = pympi.Elan.Eaf(author="someone else")
    theirs.add_tier("coder")
    starts = [i for i in range(len(truth)) if i == 0 or truth[i] != truth[i - 1]]
    for start, end in zip(starts, [*starts[1:], len(truth)]):
        theirs.add_annotation("coder", round(start / 24 * 1000), round(end / 24 * 1000), CLASSES[truth[start]])
    theirs.to_file(str(folder / "v.eaf"), pretty=False)
    expect_report(checks, "mien score, pympi's ELAN file", scored(folder / "v.csv", folder / "v.eaf"), truth, truth)
    ours = pympi.Elan.Eaf(str(write_elan(folder, truth)))
    annotations = sorted(ours.get_annotation_data_for_tier("Face 1"))
    expected = [(round(s / 24 * 1000), CLASSES[truth[s]]) for s in starts]
    of_labels = ["Face 1", "Face 1 smoothed", "Face 1 reviewed"]
    of_remarks = {
        "Face 1 notes": [(0, 250, 'a <note> & "more"'), (250, 1000, "over the first one's end")],
        "Face 1 unsure": [(500, 1000, "unsure")],
        "Events": [(250, 292, "bell")],
    }
    checks.holds("pympi reads our tiers", list(ours.get_tier_names()) == [*of_labels, *of_remarks])
    for tier, remarks in of_remarks.items():
        read = sorted(ours.get_annotation_data_for_tier(tier))
        checks.holds(f"pympi reads our tier {tier}", read == remarks, f"{read}")
    checks.holds("pympi reads our annotations", [(start, value) for start, _, value in annotations] == expected)
    checks.holds("the lane's tier has the same", sorted(ours.get_annotation_data_for_tier("Face 1 smoothed")) == annotations)
    # The second half is confirmed.
    half = round(len(truth) // 2 / 24 * 1000)
    confirmed = sorted(ours.get_annotation_data_for_tier("Face 1 reviewed"))
    inside = [(max(start, half), end, value) for start, end, value in annotations if end > half]
    checks.holds("what is confirmed has a tier of its own", confirmed == inside, f"{len(confirmed)} annotations")
    vocabulary = ours.get_cv_entries("expressions") if "expressions" in ours.controlled_vocabularies else {}
    names = [value for values, _ in vocabulary.values() for value, _, _ in values]
    checks.holds("pympi reads our vocabulary", names == list(CLASSES), ", ".join(names))


def elan_schema(checks, folder):
    """Our ELAN file against ELAN's own schema, which is not ours to ship: http://www.mpi.nl/tools/elan/EAFv3.0.xsd."""
    named = os.environ.get("MIEN_EAF_XSD")
    if not named:
        raise Skipped("MIEN_EAF_XSD names no copy of EAFv3.0.xsd")
    schema = etree.XMLSchema(etree.parse(require(named, "MIEN_EAF_XSD's file")))
    _, truth, _ = next(label_lists())
    document = etree.parse(str(write_elan(folder, truth)))
    checks.holds("our ELAN file fits ELAN's schema", schema.validate(document), str(schema.error_log))
    document.find("TIER").set("LINGUISTIC_TYPE_REF", "unheard of")
    checks.holds("the schema refuses a tier of no known type", not schema.validate(document))


def write_elan(folder, labels):
    """Our ELAN file of these labels at 24 frames/s."""
    write_tensors(folder / "labels.safetensors", {"labels": labels})
    text = run(RUNNER, "elan", "--rate", 24, "--input", folder / "labels.safetensors")
    (folder / "ours.eaf").write_text(text)
    return folder / "ours.eaf"


def smoothed_by_definition(way, probabilities, window):
    """Slow and plain: looks at each frame's own window anew."""
    labels, count = probabilities.argmax(1), len(probabilities)
    if way == "none":
        return labels
    smoothed = []
    for frame in range(count):
        if way == "block":
            start = frame // window * window
            inside = slice(start, min(start + window, count))
        else:
            inside = slice(max(frame - window // 2, 0), min(frame + (window + 1) // 2, count))
        votes = np.bincount(labels[inside], minlength=8)
        sums = probabilities[inside].sum(0)
        key = [(0 if way == "mean" else votes[c], sums[c], -c) for c in range(8)]
        smoothed.append(max(range(8), key=key.__getitem__))
    return np.array(smoothed)


def smoothing(checks, folder):
    """Every way and window; probabilities on a grid of 1/1024, so that sums are exact and ties are real ties."""
    random = np.random.default_rng(35)
    drifting = np.repeat(random.dirichlet(np.full(8, 0.5), 20), 17, axis=0)
    probabilities = np.round((0.5 * drifting + 0.5 * random.dirichlet(np.full(8, 0.3), 340)) * 1024) / 1024
    probabilities[100:140, 3] = probabilities[100:140, 5]
    windows = [1, 2, 7, 30, 64, 1000]
    ours = run_network(folder, {"probabilities": probabilities}, "smoothing", *windows)
    for way in ("sliding", "block", "mean", "none"):
        for window in windows:
            expected = smoothed_by_definition(way, probabilities, window)
            different = int((ours[f"{way}.{window}"] != expected).sum())
            checks.at_most(f"{way}, window {window}, frames that differ", different, 0)


def evaluation_of_a_model(checks, folder):
    """`mien evaluate` on videos with missing crops and frames without annotation: its figures are those of its predictions."""
    random = np.random.default_rng(37)
    write_model(folder / "model.safetensors", resnet((1, 1, 1, 1), 8, 32), Temporal(256, 1, 2, 16, 16), size=32)
    (folder / "truth").mkdir()
    for video, frames in (("a", 90), ("b_left", 25)):
        (folder / "crops" / video).mkdir(parents=True)
        labels = np.where(random.random(frames) < 0.2, -1, random.choice([0, 1, 4, 6], frames))
        (folder / "truth" / f"{video}.txt").write_text("\n".join([",".join(CLASSES), *map(str, labels)]) + "\n")
        for frame in np.flatnonzero(random.random(frames) < 0.9):
            picture = Image.fromarray(random.integers(0, 255, (4, 4, 3), np.uint8)).resize((40, 40))
            picture.save(folder / "crops" / video / f"{frame + 1:05}.jpg")
    data = ["--crops", folder / "crops", "--annotations", folder / "truth"]
    model = ["--model", folder / "model.safetensors", "--device", "cpu", "--window", 5]
    report = json.loads(run(MIEN, "evaluate", *model, *data, "--json", "--sweep", "--out", folder / "out"))

    def together(where):
        files = sorted((folder / where).glob("*.txt"))
        return np.concatenate([np.loadtxt(file, int, skiprows=1) for file in files])

    truth, predicted = together("truth"), together("out/predictions")
    checks.holds("mien evaluate predicts every frame", len(predicted) == 115 and (predicted >= 0).all())
    known = truth >= 0
    expect_report(checks, "mien evaluate, smoothed", report["smoothed"], truth[known], predicted[known])
    for row in report["sweep"]["rows"]:
        if row["window"] == 5:
            checks.agree("its sweep", np.array([row["sliding"]]), np.array([report["smoothed"]["macro_f1"]]), LIMIT)


NO_FACE = 8


def write_labelled_pictures(folder, random):
    """Coloured pictures of twelve people, rendered faces, and pictures without any face; `list.csv` has labels at random."""
    run(MIEN, "synth", "--out", folder / "faces", "--images", 24, "--unlabelled", 0, "--videos", 0, "--size", 96, "--framing", 220)
    names = [f"faces/labelled/{i:06}.jpg" for i in range(24)]
    for number in range(60):
        coarse = Image.fromarray(random.integers(0, 255, (5, 5, 3), np.uint8))
        coarse.resize((48, 48), Image.Resampling.BILINEAR).save(folder / f"{number}.png")
        names.append(f"{number}.png")
    labels = random.choice([0, 1, 4, 6, 7], len(names), p=[0.3, 0.2, 0.3, 0.17, 0.03])
    lines = [f"{name},{label},{place % 12}" for place, (name, label) in enumerate(zip(names, labels))]
    (folder / "list.csv").write_text("\n".join(["path,label,person", *lines]) + "\n")
    return names


def predictions_of(path):
    """Truth, label (8 where no face was found), person, and probabilities (NaN there) of a table of pictures."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    truth = np.array([int(row["label"]) for row in rows])
    predicted = np.array([int(row["predicted"] or NO_FACE) for row in rows])
    person = np.array([row["person"] for row in rows])
    columns = [f"p_{name.lower()}" for name in CLASSES]
    return truth, predicted, person, np.array([[float(row[column] or "nan") for column in columns] for row in rows])


def calibration_error(probabilities, right, bins=15):
    """Guo et al. 2017, equation 3: bins of equal width, each without its lower edge."""
    confidence = probabilities.max(1)
    edges = np.linspace(0, 1, bins + 1)
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def picture_figures(truth, predicted):
    """scikit-learn's figures, where `NO_FACE` is a label that is never true."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "accuracy": accuracy_score(truth, predicted),
            "mean_recall": balanced_accuracy_score(truth, predicted),
            "macro_f1": f1_score(truth, predicted, labels=range(8), average="macro", zero_division=0),
            "mean_f1_of_present_classes": f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0),
            "kappa": cohen_kappa_score(truth, predicted),
        }


def expect_picture_figures(checks, name, report, truth, predicted):
    """All figures of pictures, some of which have no label."""
    theirs = picture_figures(truth, predicted)
    error = max(abs(report[key] - value) for key, value in theirs.items())
    said = ", ".join(f"{key} {value:.4f}" for key, value in theirs.items())
    checks.at_most(f"{name}: figures", error, LIMIT, said)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.stack(precision_recall_fscore_support(truth, predicted, labels=range(8), zero_division=0))
    ours = [[row[key] for row in report["classes"]] for key in ("precision", "recall", "f1", "support")]
    checks.agree(f"{name}: precision, recall, F1 and support a class", np.array(ours), expected, LIMIT)
    counts = confusion_matrix(truth, predicted, labels=range(9))[:8]
    checks.holds(f"{name}: confusion matrix", (np.array(report["confusion"]["counts"]) == counts[:, :8]).all())
    checks.holds(f"{name}: missed faces by class", (np.array(report["missed"]) == counts[:, 8]).all())


def expect_intervals(checks, name, report, truth, predicted, person):
    """The bootstrap by person, drawn anew here: the same up to what 1,000 and 4,000 draws leave open."""
    random = np.random.default_rng(41)
    people = [np.flatnonzero(person == someone) for someone in np.unique(person)]
    drawn = []
    while len(drawn) < 4000:
        places = np.concatenate([people[i] for i in random.integers(0, len(people), len(people))])
        matrix = np.zeros((8, 9))
        np.add.at(matrix, (truth[places], predicted[places]), 1)
        there = matrix.sum(1) > 0
        if there.sum() < len(np.unique(truth)):
            continue
        hits = np.diagonal(matrix)
        f1 = 2 * hits / np.maximum(matrix.sum(1) + matrix[:, :8].sum(0), 1)
        recall = hits[there] / matrix.sum(1)[there]
        drawn.append([hits.sum() / len(places), recall.mean(), f1.mean(), f1[there].mean()])
    ends = np.quantile(drawn, [0.025, 0.975], axis=0).T
    keys = ("accuracy", "mean_recall", "macro_f1", "mean_f1_of_present_classes")
    ours = np.array([report["intervals"][key] for key in keys])
    checks.holds(f"{name}: as many people", report["intervals"]["units"] == len(people) == report["persons"])
    # A quantile of 1,000 draws strays by about 0.08 of its interval's width; four times that is allowed.
    checks.at_most(f"{name}: intervals", (np.abs(ours - ends) / np.ptp(ends, axis=1, keepdims=True)).max(), 0.3)


def evaluation_on_pictures(checks, folder):
    """`mien evaluate` on pictures: its figures are those of its own table, and grey ones those of Pillow's."""
    names = write_labelled_pictures(folder, np.random.default_rng(39))
    write_model(folder / "model.safetensors", resnet((1, 1, 1, 1), 8, 32), Temporal(256, 1, 2, 16, 16), size=32)

    def evaluate(data, out, *more):
        given = ["--model", folder / "model.safetensors", "--device", "cpu", "--data", folder / data, "--json"]
        return json.loads(run(MIEN, "evaluate", *given, "--out", folder / out, *more))

    for name, more in (("whole pictures", ["--whole-frame"]), ("detected faces", [])):
        report = evaluate("list.csv", "out", *more)
        truth, predicted, person, probabilities = predictions_of(folder / "out/pictures.csv")
        found = predicted != NO_FACE
        checks.holds(f"{name}: some pictures have no face", found.all() == bool(more) and found.any(), f"{found.sum()} of {len(found)} have one")
        checks.holds(f"{name}: every picture has a row", len(truth) == len(names))
        checks.agree(f"{name}: the label is the likeliest", probabilities[found].argmax(1), predicted[found], 0)
        expect_picture_figures(checks, name, report, truth, predicted)
        expect_picture_figures(checks, f"{name}, found faces", report["found_faces"], truth[found], predicted[found])
        error = calibration_error(probabilities[found], predicted[found] == truth[found])
        # The table has f32 probabilities in decimal digits.
        checks.at_most(f"{name}: calibration error", abs(report["ece"] - error), 1e-7, f"{error:.4f}")
        expect_intervals(checks, name, report, truth, predicted, person)

    evaluate("list.csv", "grey", "--whole-frame", "--grey")
    for name in names:
        picture = Image.open(folder / name).convert("RGB")
        picture.convert("L").convert("RGB").save(folder / name.replace(".jpg", ".png"))
    (folder / "grey.csv").write_text((folder / "list.csv").read_text().replace(".jpg", ".png"))
    evaluate("grey.csv", "greyed", "--whole-frame")
    ours, theirs = (predictions_of(folder / out / "pictures.csv")[3] for out in ("grey", "greyed"))
    # The rendered faces are JPEG, which two decoders round differently.
    coloured = [place for place, name in enumerate(names) if name.endswith(".png")]
    checks.agree("grey pictures as Pillow makes them", ours[coloured], theirs[coloured], 0)


def temperature(checks, folder):
    """The temperature of the greatest likelihood, against scipy's search over the same likelihood in f64."""
    random = np.random.default_rng(41)
    for scale in (0.4, 1.0, 6.0):
        logits = random.normal(size=(3000, 8)) * 2
        probabilities = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        truth = np.array([random.choice(8, p=row) for row in probabilities])
        logits = (logits * scale).astype(np.float32)
        write_tensors(folder / "input.safetensors", {"logits": logits, "truth": truth})
        ours = json.loads(run(RUNNER, "temperature", "--input", folder / "input.safetensors"))

        def loss(log_temperature):
            scaled = logits.astype(np.float64) / np.exp(log_temperature)
            return np.mean(logsumexp(scaled, axis=1) - scaled[np.arange(len(truth)), truth])

        theirs = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10}).x)
        # Where the loss is flat to the last bits of f64, its bottom is known to half of these.
        checks.at_most(f"temperature of logits that came times {scale}", abs(ours / theirs - 1), 1e-6, f"{ours:.4f}")


Checks().run(
    figures,
    temperature,
    score_of_annotation_files,
    score_of_frame_table,
    agreement,
    elan_file,
    elan_schema,
    evaluation_of_a_model,
    evaluation_on_pictures,
    smoothing,
)
