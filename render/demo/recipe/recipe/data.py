"""Painted pictures, kept as bytes: {"pictures": uint8 [n,3,side,side], "scenes": {attribute: int64 [n]}}."""

import torch

from . import painter, train, world


def paint(place: train.Place, scenes: dict, seed: int, name: str, batch: int = 1000) -> None:
    """Paints square pictures of the scenes into the work folder."""
    count, side = len(scenes["subject"]), place.pixels
    pictures = torch.empty(count, 3, side, side, dtype=torch.uint8)
    for at in range(0, count, batch):
        part = {k: column[at : at + batch] for k, column in scenes.items()}
        painted = painter.paint(part, side, side, seed * 1_000_003 + at, place.device, place.zoom)
        pictures[at : at + batch] = (painted * 255).round().byte().cpu()
    train.save({"pictures": pictures, "scenes": scenes}, place.work / f"{name}.pt")


def in_twins(count: int, seed: int) -> dict:
    """Scenes of the full distribution, every even row followed by its twin."""
    scenes = world.scenes(count // 2, seed)
    twins = world.twins(scenes, seed)
    return {k: torch.stack([scenes[k], twins[k]], 1).flatten() for k in scenes}


def beyond(count: int, seed: int) -> dict:
    """Scenes in the style and the palette that the base model never sees, and of the hidden subject; a third each."""
    scenes = world.scenes(count, seed)
    third = torch.arange(count) % 3
    scenes["style"][third == 0] = world.KNOWN_STYLES
    scenes["palette"][third == 1] = world.PALETTES.index("sepia")
    hidden = (third == 2) & (scenes["second"] == 0)
    scenes["subject"][hidden] = world.KNOWN_SUBJECTS
    return scenes


def load(place: train.Place, name: str) -> dict:
    return torch.load(place.work / f"{name}.pt", weights_only=True, mmap=True)


def unit(pictures: torch.Tensor, device) -> torch.Tensor:
    """Bytes -> -1..1."""
    return pictures.to(device).float() / 127.5 - 1
