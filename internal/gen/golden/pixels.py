"""Small images of integer formulas, and how they are stored."""

import base64
import zlib

import numpy as np
from PIL import Image

from hashing import uniform


def picture(seed, w, h, noise=24):
    """Smooth colour waves with an edge and some noise: uint8 [h, w, 3]."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    planes = []
    for c in range(3):
        fx, fy, phase = 0.09 + 0.05 * c + 0.01 * seed, 0.13 - 0.03 * c, 1.7 * c + seed
        planes.append(127.5 + 110 * np.sin(fx * x + phase) * np.cos(fy * y - phase))
    image = np.stack(planes, -1)
    image[(x > 0.6 * w) & (y > 0.4 * h)] *= 0.45
    image += noise * uniform(seed, h * w * 3).reshape(h, w, 3)
    return np.clip(np.floor(image), 0, 255).astype(np.uint8)


def pil(seed, w, h, noise=24):
    return Image.fromarray(picture(seed, w, h, noise))


def pack(image):
    """Width, height and compressed RGB of a PIL image."""
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    return dict(w=image.width, h=image.height, pix=base64.b64encode(zlib.compress(pixels.tobytes(), 9)).decode())
