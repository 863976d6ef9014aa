"""Writes transforms/testdata/transforms.json: results of torchvision's transforms on
small PIL images.

    python internal/gen/golden/transforms.py    (from the repository's root; needs torchvision and Pillow)
"""

import json
import math
import pathlib
import types
import zlib

import numpy as np
import torchvision.transforms as T
import torchvision.transforms.functional as F
import torchvision.transforms.transforms as internals
from PIL import Image

from hashing import MASK
from pixels import pil, pack

OUT = pathlib.Path(__file__).resolve().parents[3] / "transforms" / "testdata"
SIZES = [(45, 32), (31, 47), (5, 40)]
MEAN, STD = [0.485, 0.456, 0.405], [0.229, 0.224, 0.225]


def hue_scale(image, f):
    """The hue of Pillow's 8-bit HSV times f, rounded down, modulo 256."""
    h, s, v = image.convert("HSV").split()
    scaled = (np.floor(f * np.asarray(h).astype(np.float64)).astype(np.int64) % 256).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(scaled), s, v)).convert("RGB")


OPS = {
    "resize": lambda i, a: F.resize(i, a[0], antialias=True),
    "crop": lambda i, a: F.resized_crop(i, a[1], a[0], a[3], a[2], [a[4], a[4]], antialias=True),
    "center": lambda i, a: F.center_crop(i, a[0]),
    "flip": lambda i, a: F.hflip(i),
    "brightness": lambda i, a: F.adjust_brightness(i, a[0]),
    "contrast": lambda i, a: F.adjust_contrast(i, a[0]),
    "saturation": lambda i, a: F.adjust_saturation(i, a[0]),
    "hue_scale": lambda i, a: hue_scale(i, a[0]),
    "hue_shift": lambda i, a: F.adjust_hue(i, a[0]),
}


def cases():
    wanted = [(0, "flip", [])]
    wanted += [(i, "resize", [s]) for i, s in [(0, 20), (0, 32), (0, 50), (1, 13), (1, 31), (2, 3), (2, 9), (2, 1)]]
    wanted += [(i, "crop", a) for i, a in [
        (0, [0, 0, 45, 32, 24]), (0, [7, 3, 30, 21, 24]), (0, [10, 5, 24, 24, 24]), (0, [44, 31, 1, 1, 8]),
        (1, [3, 40, 20, 7, 16]), (1, [0, 0, 16, 40, 16]), (2, [1, 0, 4, 40, 12])]]
    wanted += [(i, "center", [s]) for i, s in [(0, 20), (0, 21), (0, 32), (0, 40), (0, 51), (1, 16), (1, 33), (2, 8)]]
    for op, amounts in [("brightness", [0, 0.6, 0.83, 1.4]), ("contrast", [0, 0.6, 1.17, 1.4]), ("saturation", [0, 0.6, 0.91, 1.4]),
                        ("hue_scale", [0.6, 0.777, 1.0, 1.23, 1.4]), ("hue_shift", [-0.5, -0.1, 0.037, 0.4])]:
        wanted += [(0, op, [a]) for a in amounts]
    inputs = [pil(k, w, h) for k, (w, h) in enumerate(SIZES)]
    made = [dict(input=i, op=op, args=args, want=pack(OPS[op](inputs[i], args))) for i, op, args in wanted]
    return [pack(i) for i in inputs], made


def palette_checksums():
    """CRC-32 of the operations' results for 2²⁴/5 colours: red, green, then blue in steps of 5."""
    b = np.arange(0, 256, 5, dtype=np.uint8)
    r, g, b = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8), b, indexing="ij")
    image = Image.fromarray(np.stack([r, g, b], -1).reshape(256, -1, 3))
    wanted = [("hue_scale", 0.73), ("hue_scale", 1.31), ("hue_shift", 0.1), ("saturation", 1.37)]
    return [dict(op=op, amount=a, crc=zlib.crc32(np.asarray(OPS[op](image, [a])).tobytes())) for op, a in wanted]


class Words:
    """torch's random functions over a 64-bit sequence that Go's math/rand/v2 uses in the same way."""

    def __init__(self, seed):
        self.state = seed

    def word(self):  # SplitMix64
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def module(self):
        def item(value):
            return types.SimpleNamespace(item=lambda: value)

        def uniform(low, high):
            return item(low + (high - low) * ((self.word() & ((1 << 53) - 1)) / (1 << 53)))

        def randint(low, high, size):
            n, word = high - low, self.word()
            return item(low + (word & (n - 1) if n & (n - 1) == 0 else ((word >> 32) * n) >> 32))

        return types.SimpleNamespace(
            empty=lambda n: types.SimpleNamespace(uniform_=uniform), randint=randint, tensor=list,
            log=lambda pair: [math.log(v) for v in pair], exp=lambda v: item(math.exp(v.item())))


def boxes():
    """RandomResizedCrop's rectangles, with its random numbers from Words."""
    made, real = [], internals.torch
    for seed, (w, h, scale, ratio) in enumerate([
            (500, 375, (0.08, 1), (3 / 4, 4 / 3)), (64, 64, (0.08, 1), (3 / 4, 4 / 3)), (33, 90, (0.5, 1), (3 / 4, 4 / 3)),
            (300, 20, (0.9, 1), (3 / 4, 4 / 3)), (20, 300, (0.9, 1), (3 / 4, 4 / 3)), (7, 5, (0.2, 0.4), (0.5, 2)),
            (256, 341, (0.08, 1), (3 / 4, 4 / 3)), (50, 50, (1, 1), (2, 3))]):
        words = Words(1000 * seed)
        internals.torch = words.module()
        try:
            found = []
            for _ in range(12):
                i, j, ch, cw = T.RandomResizedCrop.get_params(Image.new("RGB", (w, h)), scale, ratio)
                found.append([j, i, cw, ch])
        finally:
            internals.torch = real
        made.append(dict(seed=1000 * seed, w=w, h=h, scale=scale, ratio=ratio, boxes=found))
    return made


def normalized():
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, -1)
    t = T.Normalize(MEAN, STD)(F.to_tensor(Image.fromarray(levels)))
    return t.flatten().double().tolist()


if __name__ == "__main__":
    inputs, made = cases()
    OUT.mkdir(exist_ok=True)
    text = json.dumps(dict(inputs=inputs, cases=made, palettes=palette_checksums(), boxes=boxes(), normalized=normalized()), indent=0)
    (OUT / "transforms.json").write_text(text + "\n")
