"""Painted pictures, kept as bytes: {"pictures": uint8 [n,3,128,128], "scenes": {attribute: int64 [n]}}."""

import torch

from . import painter, train, world


def paint(place: train.Place, count: int, seed: int, name: str, batch: int = 200) -> None:
    """Paints `count` square pictures of the full distribution into the work folder."""
    scenes = world.scenes(count, seed)
    pictures = torch.empty(count, 3, 128, 128, dtype=torch.uint8)
    for at in range(0, count, batch):
        part = {k: column[at : at + batch] for k, column in scenes.items()}
        painted = painter.paint(part, 128, 128, seed * 1_000_003 + at, place.device)
        pictures[at : at + batch] = (painted * 255).round().byte().cpu()
    train.save({"pictures": pictures, "scenes": scenes}, place.work / f"{name}.pt")


def load(place: train.Place, name: str) -> dict:
    return torch.load(place.work / f"{name}.pt", weights_only=True, mmap=True)


def unit(pictures: torch.Tensor, device) -> torch.Tensor:
    """Bytes -> -1..1."""
    return pictures.to(device).float() / 127.5 - 1
