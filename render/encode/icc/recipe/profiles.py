"""Writes colour profiles, and what LittleCMS makes of colours in them, to ../testdata.

Run with Pillow 13 (LittleCMS 2.19) and numpy: python profiles.py
"""

import io
import json
import pathlib
import struct

import numpy as np
from PIL import Image, ImageCms

OUT = pathlib.Path(__file__).parent.parent / "testdata"
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def fixed(x):
    return struct.pack(">i", round(x * 65536))


def colorants(primaries, white):
    """The columns of red, green and blue in XYZ, adapted to D50 as profiles have them."""
    xyz = lambda x, y: np.array([x / y, 1, (1 - x - y) / y])
    m = np.stack([xyz(*p) for p in primaries], 1)
    m = m * np.linalg.solve(m, xyz(*white))
    scale = np.diag(BRADFORD @ D50 / (BRADFORD @ xyz(*white)))
    return np.linalg.inv(BRADFORD) @ scale @ BRADFORD @ m


def profile(space, tags, version=0x02400000):
    body, table, at = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"\0" * 4, version, b"mntr", space, b"XYZ ") + b"\0" * 12 + b"acsp"
    head = head.ljust(68, b"\0") + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return head.ljust(128, b"\0") + table + body


def xyz(v):
    return b"XYZ \0\0\0\0" + b"".join(fixed(x) for x in v)


def gamma(x):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(x * 256))


def table(f, n):
    values = [round(65535 * f(i / (n - 1))) for i in range(n)]
    return b"curv\0\0\0\0" + struct.pack(f">I{n}H", n, *values)


def para(kind, *values):
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(fixed(v) for v in values)


def rgb(primaries, white, curve, version=0x02400000):
    m = colorants(primaries, white)
    tags = [(b"desc", b"desc\0\0\0\0\0\0\0\2x\0".ljust(90, b"\0")), (b"wtpt", xyz(D50))]
    tags += [(n, xyz(m[:, i])) for i, n in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    return profile(b"RGB ", tags + [(n, curve) for n in (b"rTRC", b"gTRC", b"bTRC")], version)


D65 = (0.3127, 0.3290)
P3 = [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)]
ADOBE = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)]
PROPHOTO = [(0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)]
BT709 = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]
SRGB = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
PROFILES = {
    "display-p3": rgb(P3, D65, SRGB, 0x04000000),
    "adobe-rgb": rgb(ADOBE, D65, gamma(2.19921875)),
    "prophoto": rgb(PROPHOTO, (0.3457, 0.3585), gamma(1.8)),
    "table": rgb(ADOBE, D65, table(lambda x: x**2.4, 64)),
    "srgb": rgb(BT709, D65, SRGB, 0x04000000),
    "gray-1.8": profile(b"GRAY", [(b"desc", b"desc\0\0\0\0\0\0\0\2x\0".ljust(90, b"\0")), (b"wtpt", xyz(D50)),
                                  (b"kTRC", gamma(1.8))]),
}

levels = [0, 40, 128, 200, 255]
colours = np.array([(r, g, b) for r in levels for g in levels for b in levels], np.uint8).reshape(1, -1, 3)
greys = np.arange(256, dtype=np.uint8).reshape(1, -1)
OUT.mkdir(exist_ok=True)
found = {}
for name, data in PROFILES.items():
    (OUT / f"{name}.icc").write_bytes(data)
    src = Image.fromarray(greys if name.startswith("gray") else colours)
    out = ImageCms.profileToProfile(src, ImageCms.ImageCmsProfile(io.BytesIO(data)), ImageCms.createProfile("sRGB"),
                                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
                                    flags=ImageCms.Flags.NOOPTIMIZE)
    found[name] = np.asarray(out).reshape(-1).tolist()
(OUT / "littlecms.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
