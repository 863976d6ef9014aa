"""Writes transforms/testdata/formats.json: small files of TIFF, WebP, PNM, PNG and
others, what Pillow's convert("RGB") makes of them, and null where Pillow refuses.

    python internal/gen/golden/formats.py    (from the repository's root; needs Pillow and numpy)
"""

import base64
import io
import json
import struct
import warnings
import zlib

import numpy as np
from PIL import Image

from jpeg import OUT, encoded, png
from pixels import pack, picture, pil

W, H = 13, 11
PIX = picture(4, W, H, 8)
ALPHA = picture(5, W, H)[:, :, :1]
RGB = Image.fromarray(PIX)
RGBA = RGB.copy()
RGBA.putalpha(Image.fromarray(ALPHA[:, :, 0]))


def tiff(bits, samples, photometric, data, order="<", offsets=None, **tags):
    """A TIFF that Pillow does not write, of one strip unless offsets has those of several."""
    entries = {256: (3, [W]), 257: (3, [H]), 258: (3, [bits] * samples), 259: (3, [1]), 262: (3, [photometric]), 277: (3, [samples])}
    offsets = offsets or [(8, len(data))]
    first = 324 if "t322" in tags else 273
    entries[first] = (4, [o for o, _ in offsets])
    entries[325 if first == 324 else 279] = (4, [n for _, n in offsets])
    entries |= {int(t[1:]): (3, v if isinstance(v, list) else [v]) for t, v in tags.items()}
    data += b"\0" * (len(data) % 2)
    at = 8 + len(data)
    more, table, end = b"", b"", at + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        raw = struct.pack(order + {3: "H", 4: "I"}[kind] * len(values), *values)
        table += struct.pack(order + "HHI", tag, kind, len(values))
        if len(raw) > 4:
            table, more = table + struct.pack(order + "I", end + len(more)), more + raw
        else:
            table += raw.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    return head + data + struct.pack(order + "H", len(entries)) + table + b"\0" * 4 + more


def packed_bits(bits):
    few = np.unpackbits((PIX[:, :, :1] >> (8 - bits)), axis=2)[:, :, 8 - bits:].reshape(H, -1)
    return np.packbits(few, axis=1).tobytes()


def samples_of_all_kinds():
    made = {}
    for order, name in (("<", "little"), (">", "big")):
        deep = (PIX.astype(np.uint16) * 257 + 33).astype(order + "u2")
        grey = deep[:, :, 0].astype(int)
        made |= {
            f"tiff_rgb16_{name}": tiff(16, 3, 2, deep.tobytes(), order),
            f"tiff_cmyk16_{name}": tiff(16, 4, 5, np.concatenate([deep, deep[:, :, :1]], -1).tobytes(), order),
            f"tiff_grey16_{name}": tiff(16, 1, 1, (grey >> 7).astype(order + "u2").tobytes(), order),
            f"tiff_int16_{name}": tiff(16, 1, 1, (grey // 100 - 100).astype(order + "i2").tobytes(), order, t339=2),
            f"tiff_int32_{name}": tiff(32, 1, 1, (grey // 60 - 99).astype(order + "i4").tobytes(), order, t339=2),
            f"tiff_float_{name}": tiff(32, 1, 1, (grey / 200 - 9.7).astype(order + "f4").tobytes(), order, t339=3),
            f"tiff_rgb_{name}": tiff(8, 3, 2, PIX.tobytes(), order),
            f"tiff_predictor16_{name}": tiff(16, 3, 2, zlib.compress(np.diff(deep.astype(int), axis=1, prepend=0).astype(order + "u2").tobytes()), order, t259=8, t317=2),
        }
    for bits in (1, 2, 4):
        for photometric in (0, 1):
            made[f"tiff_grey{bits}_{photometric}"] = tiff(bits, 1, photometric, packed_bits(bits))
        colours = (picture(3, 1 << bits, 3)[:, :, 0].astype(int) * 257).reshape(-1).tolist()
        made[f"tiff_palette{bits}"] = tiff(bits, 1, 3, packed_bits(bits), t320=colours)
        made[f"tiff_reversed_bits{bits}"] = tiff(bits, 1, 1, packed_bits(bits), t266=2)
    made["tiff_white_is_zero"] = tiff(8, 1, 0, PIX[:, :, 0].tobytes())
    made["tiff_white_is_zero16"] = tiff(16, 1, 0, PIX[:, :, 0].astype("<u2").tobytes())
    four = np.concatenate([PIX, ALPHA], -1)
    for extra in (0, 1, 2):
        made[f"tiff_rgba_extra{extra}"] = tiff(8, 4, 2, four.tobytes(), t338=extra)
    made["tiff_rgb_two_extra"] = tiff(8, 5, 2, np.concatenate([four, ALPHA], -1).tobytes(), t338=[0, 0])
    made["tiff_grey_alpha"] = tiff(8, 2, 1, four[:, :, 2:].tobytes(), t338=2)
    return made


def layouts():
    made = {}
    planes = PIX.transpose(2, 0, 1).tobytes()
    made["tiff_planes"] = tiff(8, 3, 2, planes, offsets=[(8 + i * W * H, W * H) for i in range(3)], t284=2)
    for compression in (1, 8):
        data, offsets = b"", []
        for y in range(0, H, 16):
            for x in range(0, W, 8):
                tile = np.zeros((16, 8, 3), np.uint8)
                part = PIX[y:y + 16, x:x + 8]
                tile[:part.shape[0], :part.shape[1]] = part
                raw = tile.tobytes() if compression == 1 else zlib.compress(tile.tobytes())
                offsets.append((8 + len(data), len(raw)))
                data += raw
        made[f"tiff_tiles_{compression}"] = tiff(8, 3, 2, data, offsets=offsets, t259=compression, t322=8, t323=16)
    for turn in range(2, 9):
        made[f"tiff_orientation{turn}"] = tiff(8, 3, 2, PIX.tobytes(), t274=turn)
    made["tiff_cut"] = tiff(8, 3, 2, PIX.tobytes())[:300]
    made["tiff_short_strip"] = tiff(8, 3, 2, PIX.tobytes()[:300])
    made["tiff_seven_samples"] = tiff(8, 7, 2, bytes(7 * W * H))
    return made


def tiffs_by_pillow():
    made = {}
    modes = dict(rgb=RGB, grey=RGB.convert("L"), palette=RGB.quantize(13), rgba=RGBA, cmyk=RGB.convert("CMYK"), bits=RGB.convert("1"))
    for mode, image in modes.items():
        for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            made[f"tiff_{mode}_{compression}"] = encoded(image, "TIFF", compression=compression)
    for mode in ("rgb", "grey", "cmyk", "rgba"):
        made[f"jpeg_in_tiff_{mode}"] = encoded(modes[mode], "TIFF", compression="jpeg", quality=90)
    made["tiff_fax3"] = encoded(modes["bits"], "TIFF", compression="group3")
    made["tiff_fax4"] = encoded(modes["bits"], "TIFF", compression="group4")
    made["tiff_predictor"] = encoded(RGBA, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    made["tiff_pages"] = encoded(RGB, "TIFF", save_all=True, append_images=[modes["grey"]])
    made["tiff_bigtiff"] = encoded(RGB, "TIFF", big_tiff=True)
    return made


def webps():
    other = pil(9, W, H, 8).convert("RGBA")
    part = Image.new("RGBA", (W, H), (0, 0, 0, 0))
    part.paste(RGBA.crop((0, 0, 5, 4)), (6, 4))
    made = {}
    for name, options in (("lossy", dict(quality=80)), ("lossless", dict(lossless=True, exact=True))):
        made[f"webp_{name}"] = encoded(RGB, "WEBP", **options)
        made[f"webp_{name}_alpha"] = encoded(RGBA, "WEBP", **options)
        for frame, image in (("rgb", RGB), ("alpha", RGBA), ("part", part)):
            made[f"webp_animated_{name}_{frame}"] = encoded(image, "WEBP", save_all=True, append_images=[other], background=(10, 200, 30, 128), **options)
    for w, h in ((1, 1), (2, 3), (3, 2), (16, 17)):
        made[f"webp_lossy_{w}x{h}"] = encoded(pil(w, w, h, 8), "WEBP", quality=70)
    made["webp_described"] = encoded(RGB, "WEBP", quality=80, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", icc_profile=b"x" * 128)
    made["webp_animated_cut"] = made["webp_animated_lossless_rgb"][:-20]
    made["webp_cut"] = made["webp_lossy"][:-20]
    return made


def pnms():
    deep = np.array([0, 100, 200, 300, 600, 1000]).astype(">u2").tobytes()
    return {
        "pnm_bits_text": b"P1\n# a comment\n3 2\n0 1 1\n1 0 0\n", "pnm_bits_tight": b"P1 3 2\n011100",
        "pnm_grey_text": b"P2 3 2 7\n0 1 2\n3 4 5", "pnm_rgb_text": b"P3 1 2 100\n0 50 99 # white\n100 1 2\n",
        "pnm_bits": b"P4\n10 2\n\xaa\x80\x55\x40", "pnm_grey": b"P5 3 2 255\n\0\1\2\3\xfe\xff", "pnm_grey_few": b"P5 3 2 15\n\0\3\7\t\n\x0f",
        "pnm_grey_1000": b"P5 3 2 1000\n" + deep, "pnm_grey_65535": b"P5 3 2 65535\n" + deep,
        "pnm_rgb": b"P6 #c\n1 2 255 " + bytes(range(6)), "pnm_rgb_1000": b"P6\n1 2\n1000\n" + deep,
        "pnm_cut": b"P6 2 2 255\n12345678901", "pnm_no_number": b"P6 a 2 255\n123",
    }


def greys():
    levels = np.array([[0, 1, 100, 255, 256, 300, 40000, 65535]], ">u2")
    with_hole = png(8, 1, 16, 0, [levels.tobytes()])
    hole = b"tRNS" + struct.pack(">H", 100)
    at = with_hole.index(b"IDAT") - 4
    with_hole = with_hole[:at] + struct.pack(">I", 2) + hole + struct.pack(">I", zlib.crc32(hole)) + with_hole[at:]
    return {"png_grey16": png(8, 1, 16, 0, [levels.tobytes()]), "png_grey16_hole": with_hole}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    table = []
    for name, data in (samples_of_all_kinds() | layouts() | tiffs_by_pillow() | webps() | pnms() | greys()).items():
        want = None
        try:
            with Image.open(io.BytesIO(data)) as opened:
                want = pack(opened.convert("RGB"))
        except (OSError, ValueError) as refusal:
            print(f"Pillow refuses {name}: {refusal}")
        table.append(dict(name=name, file=base64.b64encode(data).decode(), want=want))
    (OUT / "formats.json").write_text(json.dumps(table, indent=0) + "\n")
