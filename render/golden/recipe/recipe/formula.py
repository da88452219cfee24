"""Random weights that Python and Go make alike, so that a checkpoint needs no committed weights.

The value number i of a weight is that of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
2014), seeded by the FNV-1a of the weight's name: its upper 24 bits as a float32 u from -1 up to 1, and of that
offset + scale * u, each operation rounded to float32. render/golden/goldentest/formula.go is the same in Go.
"""

import numpy
import torch

MASK = (1 << 64) - 1
DTYPES = {
    "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2, "I64": torch.int64,
}


def fnv1a(name: str) -> int:
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def uniform(name: str, first: int, count: int) -> numpy.ndarray:
    """The numbers first to first+count-1 of a name, as float32 from -1 up to 1."""
    with numpy.errstate(over="ignore"):
        z = numpy.arange(first + 1, first + count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z += numpy.uint64(fnv1a(name))
        z = (z ^ z >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    return ((z >> numpy.uint64(40)).astype(numpy.int32) - (1 << 23)).astype(numpy.float32) / numpy.float32(1 << 23)


def values(name: str, shape, scale: float = 1, offset: float = 0, rows=None) -> torch.Tensor:
    """A whole tensor. With rows, only these of its first dimension are drawn, and the others are zeros."""
    width = int(numpy.prod(shape[1:])) if rows is not None else int(numpy.prod(shape))
    draw = lambda first: numpy.float32(offset) + numpy.float32(scale) * uniform(name, first, width)
    if rows is None:
        return torch.from_numpy(draw(0)).reshape(shape)
    out = numpy.zeros((shape[0], width), dtype=numpy.float32)
    for r in rows:
        out[r] = draw(r * width)
    return torch.from_numpy(out).reshape(shape)


def feed(name: str, *shape) -> torch.Tensor:
    """An input of unit variance for a network."""
    return values("feed/" + name, shape, scale=3 ** 0.5)
