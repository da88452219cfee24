"""Records torch's normal numbers for the tests of package noise, as hexadecimal float32 bits.

    python render/noise/recipe/record.py > render/noise/testdata/torch.json

Recorded with torch 2.15.0 on an x86 processor with AVX2 (AMD EPYC).
"""

import hashlib
import json
import struct

import torch


def bits(x):
    return [f"{v:08x}" for v in struct.unpack(f"<{x.numel()}I", x.numpy().tobytes())]


def case(seed, sizes):
    generator = torch.Generator().manual_seed(seed)
    draws = []
    for n in sizes:
        x = torch.randn(n, generator=generator)
        draws.append({
            "n": n,
            "head": bits(x[:24]),
            "tail": bits(x[-24:]),
            "sha256": hashlib.sha256(x.numpy().tobytes()).hexdigest(),  # of little-endian float32
        })
    return {"seed": seed, "draws": draws}


def slerp(val, low, high):
    """Interpolation on the sphere along dimension 1, the rule A1111 uses for variation seeds."""
    dot = (low / torch.norm(low, dim=1, keepdim=True) * (high / torch.norm(high, dim=1, keepdim=True))).sum(1)
    if dot.mean() > 0.9995:
        return low * val + high * (1 - val)
    omega = torch.acos(dot)
    a, b = torch.sin((1.0 - val) * omega), torch.sin(val * omega)
    return (a / torch.sin(omega)).unsqueeze(1) * low + (b / torch.sin(omega)).unsqueeze(1) * high


def variations():
    shape = (4, 6, 5)
    draw = lambda seed: torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    once = slerp(0.3, draw(7), draw(8))
    return {"shape": [1, *shape], "seed": 7, "towards": [[8, 0.3], [9, 0.5]],
            "once": once.flatten().tolist(), "twice": slerp(0.5, once, draw(9)).flatten().tolist()}


if __name__ == "__main__":
    cases = [
        case(0, [16, 16384, 16384]), case(1, [16, 20, 24, 16]), case(42, [16384, 10, 16384]),
        case(1234, [17, 100, 1000]), case(2**32 + 42, [16384]), case(2**53 - 1, [4096]),
        case(31337, [3, 5, 1, 15, 2]),
    ]
    print(json.dumps({"torch": torch.__version__, "normal": cases, "variations": variations()}, indent=1))
