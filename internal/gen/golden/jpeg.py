"""Writes small images of many kinds into transforms/testdata/images, all called
.jpg, and their pixels as Pillow decodes them into transforms/testdata/images.json.

    python internal/gen/golden/jpeg.py    (from the repository's root; needs Pillow and numpy)
"""

import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

from pixels import picture, pil, pack

OUT = pathlib.Path(__file__).resolve().parents[3] / "transforms" / "testdata"


def encoded(image, kind, **options):
    b = io.BytesIO()
    image.save(b, kind, **options)
    return b.getvalue()


def jpegs():
    made = {}
    for w, h in [(48, 32), (41, 27), (17, 33), (5, 7), (3, 2), (2, 2), (1, 1)]:
        for name, sub in [("444", 0), ("422", 1), ("420", 2)]:
            made[f"jpeg_{name}_{w}x{h}"] = encoded(pil(w, w, h, 8), "JPEG", quality=90, subsampling=sub)
    image = pil(3, 45, 37, 8)
    made["jpeg_411_45x37"] = encoded(image, "JPEG", quality=85, subsampling="4:1:1")
    made["jpeg_420_low_quality"] = encoded(image, "JPEG", quality=25)
    made["jpeg_progressive_420"] = encoded(image, "JPEG", quality=90, progressive=True)
    made["jpeg_progressive_444"] = encoded(image, "JPEG", quality=90, progressive=True, subsampling=0)
    made["jpeg_grey"] = encoded(image.convert("L"), "JPEG", quality=90)
    made["jpeg_cmyk"] = encoded(image.convert("CMYK"), "JPEG", quality=90)
    made["jpeg_restart"] = encoded(image, "JPEG", quality=90, restart_marker_blocks=2)
    made["jpeg_optimized"] = encoded(image, "JPEG", quality=95, optimize=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned; neither Pillow nor Go applies it
    made["jpeg_exif_turned"] = encoded(image, "JPEG", quality=90, exif=exif)
    made["jpeg_trailing_bytes"] = encoded(image, "JPEG", quality=90) + b"\0\xff\xd8 more" * 9
    return made


def png(w, h, depth, colour, rows):
    """A PNG that Pillow does not write: raw rows of any depth and colour type."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + r for r in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def others():
    image = pil(4, 23, 19, 8)
    alpha = Image.fromarray(picture(5, 23, 19)[:, :, 0])
    rgba = image.copy()
    rgba.putalpha(alpha)
    few = image.quantize(13)
    deep = (picture(6, 23, 19).astype(np.uint16) * 257 + 77).astype(">u2")
    deep_alpha = np.concatenate([deep, deep[:, :, :1]], -1)
    made = {
        "png_rgb": encoded(image, "PNG"),
        "png_rgba": encoded(rgba, "PNG"),
        "png_palette": encoded(few, "PNG"),
        "png_palette_transparent": encoded(few, "PNG", transparency=2),
        "png_grey": encoded(image.convert("L"), "PNG"),
        "png_grey_alpha": encoded(rgba.convert("LA"), "PNG"),
        "png_one_bit": encoded(image.convert("1"), "PNG"),
        "png_rgb_16": png(23, 19, 16, 2, [r.tobytes() for r in deep]),
        "png_rgba_16": png(23, 19, 16, 6, [r.tobytes() for r in deep_alpha]),
        "gif": encoded(image.quantize(40), "GIF"),
        "gif_transparent": encoded(few, "GIF", transparency=3),
        "gif_two_frames": encoded(few, "GIF", save_all=True, append_images=[pil(7, 23, 19).quantize(9)]),
        "bmp_24": encoded(image, "BMP"),
        "bmp_palette": encoded(few, "BMP"),
        "webp_lossless": encoded(image, "WEBP", lossless=True),
        "webp_lossless_alpha": encoded(rgba, "WEBP", lossless=True, exact=True),
        "webp_lossy": encoded(image, "WEBP", quality=80),
    }
    made["png_trailing_bytes"] = made["png_rgb"] + b"tail" * 20
    return made


if __name__ == "__main__":
    folder = OUT / "images"
    folder.mkdir(parents=True, exist_ok=True)
    table = []
    for name, data in (jpegs() | others()).items():
        (folder / f"{name}.jpg").write_bytes(data)
        with Image.open(io.BytesIO(data)) as opened:
            table.append(dict(name=name, want=pack(opened)))
    (OUT / "images.json").write_text(json.dumps(table, indent=0) + "\n")
