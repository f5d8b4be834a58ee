"""Measures what it changes that the detector looks at some frames of a film only, for docs/models.md and docs/speed.md.

No check: nothing here passes or fails. For each film and each `--detector-span`: the share of faces that are also found with a look at every
frame, how well their boxes agree, in how many frames the labels do, and frames per second, decoding included. MIEN_BIN names the program.
Usage: measure_film_looks.py MODEL FILM...; a film SHAKEN:DEGREES:PIXELS:FILM is turned and moved as a hand-held one is.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SPANS = (1, 4, 6, 8, 12)
MIEN = os.environ["MIEN_BIN"]


def shaken(name, folder):
    """A copy of a film that is turned to and fro by so many degrees and moved by so many pixels, about twice a second."""
    _, degrees, pixels, film = name.split(":", 3)
    out = Path(folder) / f"shaken-{degrees}-{pixels}-{Path(film).name}"
    turn = f"rotate='{degrees}*PI/180*sin(2*PI*1.7*t)':fillcolor=gray"
    move = f"pad=iw+4*{pixels}:ih+4*{pixels}:2*{pixels}:2*{pixels}:gray,crop=iw-4*{pixels}:ih-4*{pixels}:'2*{pixels}+{pixels}*sin(2*PI*2.1*t)':'2*{pixels}+{pixels}*sin(2*PI*1.3*t)'"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", film, "-vf", f"{turn},{move}", "-an", "-c:v", "libx264", "-crf", "18", str(out)], check=True)
    return str(out)


def rows(film, model, span, folder):
    out = Path(folder) / f"{Path(film).stem}-{span}"
    begin = time.perf_counter()
    subprocess.run(
        [MIEN, "analyze", film, "--model", model, "--device", "cpu", "--detector-span", str(span), "--out", str(out), "--force"],
        check=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - begin
    [table] = out.glob("*.csv")
    found = {}
    frames = set()
    for row in csv.DictReader(table.open()):
        frames.add(int(row["frame"]))
        if row["track"]:
            found[int(row["frame"]), int(row["track"])] = row
    return found, len(frames), seconds


def overlap(one, other):
    (ax, ay, aw, ah), (bx, by, bw, bh) = ([float(row[key]) for key in ("x", "y", "w", "h")] for row in (one, other))
    across = max(0.0, min(ax + aw, bx + bw) - max(ax, bx))
    down = max(0.0, min(ay + ah, by + bh) - max(ay, by))
    return across * down / (aw * ah + bw * bh - across * down)


def main():
    model, films = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="mien-looks-") as folder:
        films = [shaken(film, folder) if film.startswith("SHAKEN:") else film for film in films]
        every = {}
        for span in SPANS:
            faces = kept = frames = 0
            seconds = 0.0
            overlaps, agree = [], {"raw": 0, "temporal": 0, "smoothed": 0}
            for film in films:
                found, count, took = rows(film, model, span, folder)
                every.setdefault(film, found)
                frames += count
                seconds += took
                faces += len(every[film])
                both = [(row, found[key]) for key, row in every[film].items() if key in found]
                kept += len(both)
                overlaps += [overlap(*pair) for pair in both]
                for lane in agree:
                    agree[lane] += sum(one[lane] == other[lane] for one, other in both)
            overlaps.sort()
            print(
                json.dumps(
                    {
                        "span": span,
                        "films": len(films),
                        "frames": frames,
                        "faces": faces,
                        "found": round(kept / faces, 4),
                        "overlap_mean": round(sum(overlaps) / len(overlaps), 3),
                        "overlap_one_of_a_hundred_below": round(overlaps[len(overlaps) // 100], 3),
                        **{f"{lane}_agrees": round(count / kept, 4) for lane, count in agree.items()},
                        "frames_per_s": round(frames / seconds, 1),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
