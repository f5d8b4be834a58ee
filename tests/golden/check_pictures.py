"""Resize and crop against Pillow and torchvision's transforms."""

import numpy as np
import torchvision.transforms as transforms
from golden import DETECTORS, TALKING_FACE, Checks, require, run_network, video_frames
from PIL import Image
from random_networks import MEAN, STD


def noise(height, width, seed):
    """Noise is the hardest picture for a resize: neighbours have nothing in common."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def resize(checks, folder):
    """Bilinear with antialiasing, in 8 bits: at most one step away from Pillow, nearly always equal."""
    cases = {"noise 360x288": noise(288, 360, 1), "noise 97x211": noise(211, 97, 2), "noise 1x1": noise(1, 1, 3)}
    cases["noise 1920x1080"] = noise(1080, 1920, 4)
    if TALKING_FACE.exists():
        cases["video frame"] = video_frames(TALKING_FACE, 20, 1)[0]
    for width, height in [(320, 240), (256, 256), (74, 74)]:
        inputs = {f"picture.{name}": picture for name, picture in cases.items()}
        ours = run_network(folder, inputs, "resize", width, height)
        for name, picture in cases.items():
            pillow = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
            difference = np.abs(ours[f"resized.{name}"] - pillow)
            other = (difference > 0).mean()
            checks.at_most(f"resize {name} to {width}x{height}, steps of 8 bits", difference.max(), 1, f"{other:.2%} differ")


def reference_crop(picture, box, size):
    """The square around the box with a margin of 1.3, borders repeated; then torchvision's transforms."""
    x, y, w, h = box
    side = int(round(max(w, h) * 1.3))
    left, top = (int(np.floor(center - side / 2 + 0.5)) for center in (x + w / 2, y + h / 2))
    rows = np.clip(np.arange(top, top + side), 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, picture.shape[1] - 1)
    steps = [transforms.Resize((-(-size * 256 // 224),) * 2), transforms.CenterCrop(size), transforms.ToTensor()]
    steps.append(transforms.Normalize(MEAN, STD))
    return transforms.Compose(steps)(Image.fromarray(picture[rows][:, columns])).numpy()


def crops(checks, folder):
    """Inside, over each border, smaller and larger than the input; one step of 8 bits is 1 / (255 * std)."""
    picture = noise(288, 360, 5)
    smooth = np.asarray(Image.fromarray(noise(10, 12, 6)).resize((360, 288), Image.Resampling.BICUBIC))
    boxes = {"inside": (120.3, 80.1, 90.2, 110.4), "upper left": (-20.2, -30.3, 100.1, 120.4)}
    boxes |= {"lower right": (300.3, 220.2, 80.4, 100.2), "small": (50.1, 60.2, 20.4, 17.3)}
    boxes["whole"] = (0.0, 0.0, 360.0, 288.0)
    for size in (224, 64):
        for texture, frame in (("noise", picture), ("smooth", smooth)):
            inputs = {f"picture.{name}": frame for name in boxes} | {f"box.{name}": np.array(b) for name, b in boxes.items()}
            ours = run_network(folder, inputs, "crops", "--size", size)
            for name, box in boxes.items():
                error = np.abs(ours[f"crop.{name}"] - reference_crop(frame, box, size)).max()
                checks.at_most(f"crop {name}, {texture}, {size} px", error, 1.001 / (255 * min(STD)))


def upright_crops(checks, folder):
    """Crops turned by the roll against Pillow's affine transform with bilinear interpolation, before the same resize.

    Both round once after the interpolation and once after the resize; places differ by up to 1/256 pixel.
    """
    smooth = np.asarray(Image.fromarray(noise(10, 12, 7)).resize((360, 288), Image.Resampling.BICUBIC))
    border, size = 200, 64
    # Pillow has no repeated borders.
    wide = Image.fromarray(np.pad(smooth, ((border, border), (border, border), (0, 0)), mode="edge"))
    for x, y, w, h, roll in [(120.5, 80.5, 90, 110, 20.0), (200.3, 100.2, 60, 70, -35.5), (-10, -20, 80, 90, 50.0), (280, 200, 90, 80, 171.0)]:
        side, angle = int(round(max(w, h) * 1.3)), np.radians(roll)
        cos, sin, (cx, cy) = np.cos(angle), np.sin(angle), (x + w / 2 + border, y + h / 2 + border)
        half = side / 2
        matrix = (cos, -sin, cx - cos * half + sin * half, sin, cos, cy - sin * half - cos * half)
        turned = wide.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        steps = [transforms.Resize((-(-size * 256 // 224),) * 2), transforms.CenterCrop(size), transforms.ToTensor()]
        steps.append(transforms.Normalize(MEAN, STD))
        expected = transforms.Compose(steps)(turned).numpy()
        inputs = {"picture.it": smooth, "box.it": np.array([x, y, w, h, roll])}
        ours = run_network(folder, inputs, "crops", "--size", size, "--upright")["crop.it"]
        checks.at_most(f"upright crop, roll {roll}", np.abs(ours - expected).max(), 3 / (255 * min(STD)))


def crops_of_found_faces(checks, folder):
    """Real faces, cropped where the detector finds them."""
    frame = video_frames(require(TALKING_FACE, "the talking face (npm packages of the browser tests)"), 30, 1)[0]
    faces = run_network(folder, {"picture.face": frame}, "detector-faces", "ultraface", DETECTORS["ultraface"])["faces.face"]
    checks.holds("a face is found in a frame of the video", len(faces) >= 1, f"{len(faces)} found")
    box = faces[0][:4]
    ours = run_network(folder, {"picture.face": frame, "box.face": box}, "crops")["crop.face"]
    checks.at_most("crop of a found face, 224 px", np.abs(ours - reference_crop(frame, box, 224)).max(), 1.001 / (255 * min(STD)))


Checks().run(resize, crops, upright_crops, crops_of_found_faces)
