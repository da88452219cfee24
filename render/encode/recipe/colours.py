"""Writes JPEGs of every way to sample colours and lossy WebPs, and what Pillow makes of them, to ../testdata/colours.

Run with Pillow 13 (libjpeg-turbo 3.2) and numpy: python colours.py
"""

import io
import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parent.parent / "testdata" / "colours"


def scene(width, height):
    """Soft colours with hard edges between them, where ways of upsampling differ most."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([128 + 100 * np.sin(x / 3), 128 + 100 * np.cos(y / 4), (x * 7 + y * 5) % 256], -1)
    rgb[(x // 5 + y // 7) % 2 == 0] = (220, 20, 60)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def sampled(data, luma, swap):
    """Rewrites the sampling of the first component. Blocks come to lie elsewhere, and the file stays valid as long as
    the number of units is the same, so sides may have to be swapped."""
    data = bytearray(data)
    at = data.index(b"\xff\xc0") + 5
    if swap:
        data[at : at + 4] = data[at + 2 : at + 4] + data[at : at + 2]
    data[at + 6] = luma
    return bytes(data)


def save(name, data, mode="RGB"):
    (OUT / name).write_bytes(data)
    Image.open(io.BytesIO(data)).convert(mode).save(OUT / f"{name}.png", optimize=True)


def encode(image, format, **options):
    b = io.BytesIO()
    image.save(b, format, quality=90, **options)
    return b.getvalue()


OUT.mkdir(parents=True, exist_ok=True)
for name, kind in ("444", 0), ("422", 1), ("420", 2):
    for width, height in ((37, 29), (32, 48)) + ((3, 5), (4, 4), (5, 3)) * (kind > 0):
        save(f"{name}-{width}x{height}.jpg", encode(scene(width, height), "JPEG", subsampling=kind))
    save(f"{name}-progressive.jpg", encode(scene(45, 35), "JPEG", subsampling=kind, progressive=True))
half, quarter = encode(scene(37, 29), "JPEG", subsampling=1), encode(scene(32, 32), "JPEG", subsampling=2)
save("440-29x37.jpg", sampled(half, 0x12, True))
save("411-32x32.jpg", sampled(quarter, 0x41, False))
save("grey.jpg", encode(scene(37, 29).convert("L"), "JPEG"))
for width, height in (37, 29), (32, 48), (3, 5), (4, 4), (5, 3), (1, 1):
    save(f"{width}x{height}.webp", encode(scene(width, height), "WEBP"))
alpha = scene(37, 29)
alpha.putalpha(Image.linear_gradient("L").resize(alpha.size))
save("alpha.webp", encode(alpha, "WEBP"), "RGBA")
