"""How records are kept: numbers.gz holds all numbers of a file of cases one after another, NAME.json says where.

A number keeps 16 bits of a fraction of the largest beside it: finer than any tolerance by a factor of 30, and half of
what float32 takes.
"""

import gzip
import json
from pathlib import Path

import numpy
import torch


class Store:
    """One file of cases: their numbers, and their facts as JSON."""

    def __init__(self):
        self.cases, self.chunks, self.at = [], [], 0

    def numbers(self, values) -> dict:
        """Keeps an array and returns where it is: {at, shape, scale}."""
        values = torch.as_tensor(values).detach().float().numpy()
        if not numpy.isfinite(values).all():
            raise ValueError("the reference makes what is no number")
        scale = float(numpy.abs(values).max()) or 1.0
        whole = numpy.round(values.flatten().astype(numpy.float64) / scale * 32767).astype("<i2")
        place = dict(at=self.at, shape=list(values.shape), scale=scale)
        self.chunks.append(whole)
        self.at += whole.size
        return place

    def save(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        whole = numpy.concatenate(self.chunks).view(numpy.uint8).reshape(-1, 2)
        planes = whole.T.tobytes()  # all low bytes, then all high ones, which pack better
        (folder / f"{name}.bin.gz").write_bytes(gzip.compress(planes, 9, mtime=0))
        lines = ",\n".join(json.dumps(c, separators=(",", ":"), ensure_ascii=False) for c in self.cases)
        (folder / f"{name}.json.gz").write_bytes(gzip.compress(f"[\n{lines}\n]\n".encode(), 9, mtime=0))
        size = sum((folder / f"{name}{end}").stat().st_size for end in (".bin.gz", ".json.gz"))
        refused = sum("refused" in c for c in self.cases)
        print(f"{name}: {len(self.cases)} cases, {refused} of them refused, {size} bytes", flush=True)
