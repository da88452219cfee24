"""Values that Python and Go draw alike from a name: see Draw in render/addon/addontest/addontest.go."""

import numpy
import torch

MASK = (1 << 64) - 1


def fnv1a(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def draw(name, shape, scale=1.0):
    """Value i is scale·u, u being the upper 24 bits of splitmix64 after i+1 steps from the FNV-1a of the name, -1 to 1."""
    n = int(numpy.prod(shape))
    with numpy.errstate(over="ignore"):
        z = numpy.arange(1, n + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15) + numpy.uint64(fnv1a(name))
        z = (z ^ z >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    u = ((z >> numpy.uint64(40)).astype(numpy.int64) - (1 << 23)).astype(numpy.float32) / numpy.float32(1 << 23)
    return torch.from_numpy(numpy.float32(scale) * u).reshape(tuple(shape))
