"""The strong augmentation's operations against Pillow's, at all magnitudes in both directions."""

import numpy as np
from golden import Checks, run_network
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

LIMIT = 2.0
GREY = (127, 127, 127)
SIZE = 96


def test_pictures():
    """Smooth, dim, noisy, and one of a single colour."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    smooth = np.stack([255 * x, 255 * y, 127 + 127 * np.sin(9 * x * y)], 2)
    return {
        "smooth": smooth.astype(np.uint8),
        "dim": (40 + smooth / 3).astype(np.uint8),
        "noise": random.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8),
        "flat": np.full((SIZE, SIZE, 3), 90, np.uint8),
    }


def covered(picture, side):
    picture = picture.copy()
    if side > 0:
        ImageDraw.Draw(picture).rectangle((3, 5, 3 + side - 1, 5 + side - 1), fill=GREY)
    return picture


def rotated(picture, degrees):
    return picture.rotate(degrees, resample=Image.Resampling.BILINEAR, fillcolor=GREY)


def signed(most):
    return [sign * most * magnitude / 10 for magnitude in range(11) for sign in (1, -1)]


def enhanced(kind):
    return lambda picture, factor: kind(picture).enhance(factor)


def solarized(picture, threshold):
    return ImageOps.solarize(picture, threshold)


OPERATIONS = {
    "autocontrast": (lambda picture, _: ImageOps.autocontrast(picture), [0]),
    "equalize": (lambda picture, _: ImageOps.equalize(picture), [0]),
    "invert": (lambda picture, _: ImageOps.invert(picture), [0]),
    "brightness": (enhanced(ImageEnhance.Brightness), [1 + change for change in signed(0.9)]),
    "color": (enhanced(ImageEnhance.Color), [1 + change for change in signed(0.9)]),
    "contrast": (enhanced(ImageEnhance.Contrast), [1 + change for change in signed(0.9)]),
    "sharpness": (enhanced(ImageEnhance.Sharpness), [1 + change for change in signed(0.9)]),
    "posterize": (ImageOps.posterize, [8, 7, 6, 5, 4]),
    "solarize": (solarized, [256 - round(25.6 * magnitude) for magnitude in range(11)]),
    "rotate": (rotated, signed(30)),
    "cover": (covered, [round(SIZE / 2 * magnitude / 10) for magnitude in range(11)]),
}


def operations(checks, folder):
    pictures = test_pictures()
    inputs = {f"picture.{name}": picture for name, picture in pictures.items()}
    for name, (pillow, values) in OPERATIONS.items():
        worst, moved = 0.0, 0.0
        for value in sorted(set(values)):
            ours = run_network(folder, inputs, "augment", name, f"{value}")
            for key, picture in pictures.items():
                theirs = np.asarray(pillow(Image.fromarray(picture), value)).astype(np.float64)
                worst = max(worst, np.abs(ours[f"picture.{key}"] - theirs).mean())
                moved = max(moved, np.abs(theirs - picture).mean())
        checks.at_most(f"{name} at {len(set(values))} strengths, mean error a pixel of 255", worst, LIMIT)
        checks.at_least(f"{name} changes the pictures", float(moved), 2.0)


Checks().run(operations)
