"""Contact sheets: many pictures in one PNG, to be looked at."""

import torch
from PIL import Image


def image(picture: torch.Tensor) -> Image.Image:
    """[3,H,W] in 0..1 -> an 8-bit image, rounded."""
    return Image.fromarray((picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy())


def tile(pictures: torch.Tensor, columns: int, gap: int = 4) -> Image.Image:
    """Pictures [n,3,H,W] of one size, in rows of `columns`, on white."""
    n, _, h, w = pictures.shape
    rows = -(-n // columns)
    sheet = Image.new("RGB", (columns * (w + gap) + gap, rows * (h + gap) + gap), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(image(picture), (gap + i % columns * (w + gap), gap + i // columns * (h + gap)))
    return sheet
