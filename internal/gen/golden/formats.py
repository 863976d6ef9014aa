"""Writes transforms/testdata/formats.json: small files of TIFF, WebP, PNM, GIF and BMP,
PNGs and JPEGs with faults, and the pixels of Pillow's convert("RGB"), or null if Pillow refuses the file.

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
    """A TIFF of a kind that Pillow does not write: one strip, or several at the given offsets."""
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


def chunk(kind, data, damage=0):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ damage)


def faulty_pngs():
    """PNGs with common faults, some of which Pillow ignores."""
    whole = encoded(RGB, "PNG")
    signature, header = whole[:8], whole[8:33]
    raw = b"".join(b"\0" + row.tobytes() for row in PIX)
    pixels, end = zlib.compress(raw), chunk(b"IEND", b"")
    start = signature + header
    idat = chunk(b"IDAT", pixels)
    paletted = encoded(RGB.quantize(13), "PNG")
    after_palette = paletted.index(b"IDAT") - 4
    rows = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
                    for row in PIX[y::dy, x::dx])
    interlaced = signature + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 1)) + chunk(b"IDAT", zlib.compress(rows))
    return {
        "png_no_end": start + idat, "png_end_cut": start + idat + end[:5], "png_end_damaged": start + idat + chunk(b"IEND", b"", 1),
        "png_pixels_damaged_sum": start + chunk(b"IDAT", pixels, 1) + end, "png_pixels_no_sum": start + idat[:-4],
        "png_stream_no_sum": start + chunk(b"IDAT", pixels[:-4]) + end,
        "png_stream_wrong_sum": start + chunk(b"IDAT", pixels[:-4] + b"abcd") + end,
        "png_more_rows": start + chunk(b"IDAT", zlib.compress(raw + bytes(500))) + end, "png_fewer_rows": start + chunk(b"IDAT", zlib.compress(raw[:-30])) + end,
        "png_junk_in_pixels": start + chunk(b"IDAT", pixels + b"junk") + end, "png_half": start + idat[:len(idat) // 2],
        "png_many_chunks": start + b"".join(chunk(b"IDAT", pixels[i:i + 40]) for i in range(0, len(pixels), 40)),
        "png_text_damaged_before": start + chunk(b"tEXt", b"a\0b", 1) + idat + end, "png_text_damaged_after": start + idat + chunk(b"tEXt", b"a\0b", 1) + end,
        "png_profile_damaged": start + chunk(b"iCCP", b"x\0\0garbage") + idat + end, "png_header_damaged": signature + header[:-1] + b"x" + idat + end,
        "png_long_transparency": paletted[:after_palette] + chunk(b"tRNS", bytes(300)) + paletted[after_palette:], "png_header_alone": start,
        "png_interlaced": interlaced + end, "png_interlaced_no_end": interlaced, "png_trailing": whole + b"junk",
    }


def without(data, marker):
    """A JPEG without the segments of a marker before its first scan."""
    out, at = data[:2], 2
    while True:
        n = 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        if data[at + 1] != marker:
            out += data[at:at + n]
        if data[at + 1] == 0xDA:
            return out + data[at + n:]
        at += n


def faulty_jpegs():
    image = pil(3, 33, 24, 2)
    plain = encoded(image, "JPEG", quality=90)
    made = {"jpeg_no_end": plain[:-2], "jpeg_half": plain[:len(plain) // 2], "jpeg_junk_before_end": plain[:-2] + b"junk" + plain[-2:]}
    for name, options in (("444", dict(subsampling=0)), ("420", dict(subsampling=2)), ("optimized", dict(optimize=True, quality=40))):
        data = encoded(image, "JPEG", **dict(quality=90, restart_marker_blocks=1) | options)
        marks = [i for i in range(data.index(b"\xff\xda"), len(data) - 1) if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7]
        at = marks[len(marks) // 2]
        for ahead in range(1, 8):
            made[f"jpeg_restart_{name}_ahead{ahead}"] = data[:at + 1] + bytes([0xD0 + (data[at + 1] - 0xD0 + ahead) % 8]) + data[at + 2:]
        made[f"jpeg_restart_{name}_missing"] = data[:at] + data[at + 2:]
        made[f"jpeg_restart_{name}_last_missing"] = data[:marks[-1]] + data[marks[-1] + 2:]
        made[f"jpeg_restart_{name}_twice"] = data[:at + 2] + data[at:]
        made[f"jpeg_restart_{name}_junk"] = data[:at] + b"\x12\x34" + data[at:]
        made[f"jpeg_restart_{name}_interval_lost"] = data[:at] + data[marks[len(marks) // 2 + 1]:]
        all_zero = bytearray(data)
        for i in marks:
            all_zero[i + 1] = 0xD0
        made[f"jpeg_restart_{name}_all_zero"] = bytes(all_zero)
    scan, frame = plain.index(b"\xff\xda"), plain.index(b"\xff\xc0")
    made["jpeg_junk_before_scan"] = plain[:scan] + b"junk" + plain[scan:]
    made["jpeg_fill_before_scan"] = plain[:scan] + b"\xff\xff" + plain[scan:]
    made["jpeg_usual_tables"] = without(plain, 0xC4)
    made["jpeg_no_quantization"] = without(plain, 0xDB)
    made["jpeg_two"] = plain + plain
    made["jpeg_inks_unmarked"] = without(encoded(image.convert("CMYK"), "JPEG", quality=90), 0xEE)
    made["jpeg_rgb"] = encoded(image, "JPEG", quality=90, keep_rgb=True)
    made["jpeg_12_bits"] = plain[:frame + 4] + b"\x0c" + plain[frame + 5:]
    made["jpeg_lossless"] = plain[:frame + 1] + b"\xc3" + plain[frame + 2:]
    return made


def gifs():
    made = {}
    small = encoded(RGB.crop((0, 0, 5, 4)).quantize(7), "GIF")
    at = small.index(b",\0\0\0\0")
    placed = small[:6] + struct.pack("<HH", W, H) + small[10:at + 1] + struct.pack("<HH", 3, 2) + small[at + 5:]
    hole = b"!\xf9\4\1\0\0\2\0"
    made["gif_placed"] = placed
    made["gif_placed_transparent"] = placed[:at] + hole + placed[at:]
    made["gif_outside"] = small[:6] + struct.pack("<HH", 6, 6) + small[10:at + 1] + struct.pack("<HH", 3, 4) + small[at + 5:]
    colours = small[13:at][:3 << (small[10] & 7) + 1]
    local = small[:10] + b"\0\0\0" + hole + small[at:at + 9] + bytes([0x80 | small[10] & 7]) + colours + small[at + 10:]
    made["gif_local_transparent"] = local
    made["gif_half"] = small[:-9]
    made["gif_no_end"] = small[:-1]
    return made


def bmp(bits, compression, data, palette=b"", size=40, masks=(), height=H):
    masks = struct.pack(f"<{len(masks)}I", *masks)
    head = struct.pack("<IiiHHIIiiII", size, W, height, 1, bits, compression, len(data), 2835, 2835, len(palette) // 4, 0)
    head += masks.ljust(size - 40, b"\0") if size > 40 else masks
    return b"BM" + struct.pack("<IHHI", 14 + len(head + palette + data), 0, 0, 14 + len(head + palette)) + head + palette + data


def bmps():
    made = {}
    upward = PIX[::-1]
    grey = upward[:, :, 0]

    def padded(row):
        return row + b"\0" * (-len(row) % 4)

    def few(bits):
        return b"".join(padded(np.packbits(np.unpackbits((row >> (8 - bits))[:, None], axis=1)[:, 8 - bits:].reshape(-1)).tobytes()) for row in grey)

    def palette(n):
        return b"".join(bytes([i * 7 % 256, 255 - i, i, 0]) for i in range(n))

    for bits in (1, 4, 8):
        made[f"bmp_{bits}"] = bmp(bits, 0, few(bits), palette(1 << bits))
    made["bmp_short_palette"] = bmp(8, 0, bytes(b % 16 for b in few(8)), palette(16))
    made["bmp_grey"] = bmp(8, 0, few(8), b"".join(bytes([i, i, i, 0]) for i in range(256)))
    deep = b"".join(padded((row.astype("<u2") * 129).tobytes()) for row in grey)
    made["bmp_555"] = bmp(16, 0, deep)
    made["bmp_565"] = bmp(16, 3, deep, masks=(0xF800, 0x7E0, 0x1F))
    four = np.concatenate([upward[:, :, ::-1], upward[:, :, :1]], -1).tobytes()
    made["bmp_32"] = bmp(32, 0, four)
    made["bmp_32_masks"] = bmp(32, 3, four, masks=(0xFF0000, 0xFF00, 0xFF))
    for size in (56, 108, 124):
        made[f"bmp_32_header{size}"] = bmp(32, 3, four, size=size, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000))
    made["bmp_32_other_order"] = bmp(32, 3, four, size=124, masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000))
    rows = b"".join(padded(row[:, ::-1].tobytes()) for row in upward)
    made["bmp_rgb"] = bmp(24, 0, rows)
    made["bmp_top_down"] = bmp(24, 0, b"".join(padded(row[:, ::-1].tobytes()) for row in PIX), height=-H)
    made["bmp_reserved"] = made["bmp_rgb"][:6] + b"ABCD" + made["bmp_rgb"][10:]
    made["bmp_os2"] = b"BM" + struct.pack("<IHHIIHHHH", 0, 0, 0, 26, 12, W, H, 1, 24) + rows
    made["bmp_cut"] = made["bmp_rgb"][:-60]
    runs = b"".join(b"".join(bytes([1, v]) for v in row) + b"\0\0" for row in grey)
    made["bmp_runs"] = bmp(8, 1, runs + b"\0\1", palette(256))
    literal = b"".join(bytes([0, W]) + row.tobytes() + b"\0" * (W % 2) + b"\0\0" for row in grey)
    made["bmp_literal_runs"] = bmp(8, 1, literal + b"\0\1", palette(256))
    made["bmp_jumps"] = bmp(8, 1, b"\5\7\0\2\3\2\4\x63\0\0" + literal[:(W + 4) * 3] + b"\0\2\0\5\2\1\0\0" * 1 + b"\0\0" * 20 + b"\0\2\xff\xff", palette(256))
    made["bmp_runs4"] = bmp(4, 2, b"".join(bytes([W, int(row[0]) | 5, 0, 0]) for row in grey) + b"\0\1", palette(16))
    made["bmp_runs_cut"] = bmp(8, 1, runs[:100] + b"\0\1", palette(256))
    return made


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    table = []
    for name, data in (samples_of_all_kinds() | layouts() | tiffs_by_pillow() | webps() | pnms() | greys()
                       | faulty_pngs() | faulty_jpegs() | gifs() | bmps()).items():
        want = None
        try:
            with Image.open(io.BytesIO(data)) as opened:
                want = pack(opened.convert("RGB"))
        except (OSError, ValueError) as refusal:
            print(f"Pillow refuses {name}: {refusal}")
        table.append(dict(name=name, file=base64.b64encode(data).decode(), want=want))
    (OUT / "formats.json").write_text(json.dumps(table, indent=0) + "\n")
