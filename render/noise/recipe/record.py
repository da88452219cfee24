"""Records torch's normal numbers for the tests of package noise, as hexadecimal float32 bits.

    python render/noise/recipe/record.py > render/noise/testdata/torch.json
    python render/noise/recipe/record.py kinds > render/noise/testdata/kinds.json
    python render/noise/recipe/record.py a1111 DIR > render/noise/testdata/a1111.json

The last one runs rng.py and rng_philox.py of a checkout of AUTOMATIC1111's stable-diffusion-webui (v1.10.1) in DIR;
nothing of it is here. Recorded with torch 2.15.0 on an x86 processor with AVX2 (AMD EPYC).
"""

import hashlib
import json
import struct
import sys
import types

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


def kinds():
    """The other floating-point types, each of which torch draws in its own way. Values are given as float64."""
    out = []
    for kind in (torch.float64, torch.float16, torch.bfloat16):
        for seed, sizes in ((0, [16, 24, 1024]), (42, [7, 3, 100, 33, 15]), (1234, [16384, 5, 16384])):
            generator = torch.Generator().manual_seed(seed)
            draws = []
            for n in sizes:
                x = torch.randn(n, generator=generator, dtype=kind)
                draws.append({"n": n, "head": x[:20].double().tolist(), "tail": x[-20:].double().tolist(),
                              "sha256": hashlib.sha256(x.double().numpy().tobytes()).hexdigest()})
            out.append({"kind": str(kind).removeprefix("torch."), "seed": seed, "draws": draws})
    return {"torch": torch.__version__, "kinds": out}


def a1111(folder):
    """Start noise and the first noise of the steps, from both of A1111's sources that are not a graphics card."""
    import importlib
    sys.modules["modules"] = package = types.ModuleType("modules")
    package.__path__ = [folder + "/modules"]
    shared = package.shared = sys.modules["modules.shared"] = types.ModuleType("modules.shared")
    package.devices = sys.modules["modules.devices"] = types.SimpleNamespace(device=torch.device("cpu"), cpu=torch.device("cpu"))
    shared.device = "cpu"
    rng = importlib.import_module("modules.rng")
    cases = []
    for source in ("CPU", "NV"):
        for seed, shape, sub, strength, resize, delta in (
                (42, (4, 8, 8), None, 0, None, 0), (2**32 + 5, (4, 6, 10), None, 0, None, 31337),
                (7, (4, 8, 12), 8, 0.3, None, 0), (7, (4, 8, 12), 7, 0.4, None, 0), (7, (4, 8, 8), 9, 1.0, None, 5),
                (3, (4, 8, 8), None, 0, (96, 48), 0), (3, (4, 9, 7), 4, 0.25, (64, 40), 31337),
                (3, (4, 8, 8), 4, 0.6, (40, 104), 1), (3, (4, 7, 7), None, 0, (60, 100), 0), (11, (4, 8, 8), None, 0, (64, 64), 0)):
            shared.opts = types.SimpleNamespace(randn_source=source, eta_noise_seed_delta=delta)
            more = {} if sub is None else dict(subseeds=[sub], subseed_strength=strength)
            more |= {} if resize is None else dict(seed_resize_from_w=resize[0], seed_resize_from_h=resize[1])
            image = rng.ImageRNG(shape, [seed], **more)
            first, then, last = image.next(), image.next(), image.next()
            cases.append({"source": source, "seed": seed, "shape": [1, *shape], "subseed": sub or 0, "strength": strength,
                          "resize": resize, "delta": delta, "first": bits(first.float()), "then": bits(then.float())[:8],
                          "last": bits(last.float())[:8]})
    return {"cases": cases, "philox": [{"seed": seed, "draws": philox(rng, seed)} for seed in (0, 1, 42, 2**40 + 9, 2**53 - 1)]}


def philox(rng, seed):
    source = rng.rng_philox.Generator(seed)
    draws = []
    for n in (3, 64, 16384):
        x = torch.asarray(source.randn((n,)))
        draws.append({"n": n, "head": bits(x[:8]), "tail": bits(x[-8:]), "sha256": hashlib.sha256(x.numpy().tobytes()).hexdigest()})
    return draws


def main():
    if len(sys.argv) > 1:
        return {"kinds": kinds, "a1111": a1111}[sys.argv[1]](*sys.argv[2:])
    cases = [
        case(0, [16, 16384, 16384]), case(1, [16, 20, 24, 16]), case(42, [16384, 10, 16384]),
        case(1234, [17, 100, 1000]), case(2**32 + 42, [16384]), case(2**53 - 1, [4096]),
        case(31337, [3, 5, 1, 15, 2]),
    ]
    return {"torch": torch.__version__, "normal": cases, "variations": variations()}


if __name__ == "__main__":
    print(json.dumps(main(), indent=None if len(sys.argv) > 1 else 1))
