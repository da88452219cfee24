"""Latents of painted pictures, cached with their scenes; captions are written when a batch is drawn.

The cache is a list of groups, one per picture size: {"latents": float16 [n,4,h,w] (times the scaling factor),
"seen": float16 [n,128] (the picture tower's embeddings), "scenes": {attribute: int64 [n]}}. The first group is the
curriculum's first lesson: square pictures of centred subjects of ordinary size.
"""

import torch

from . import arch, autoencoder, clip, painter, train, world

SHARES = (0.45, 0.085, 0.085, 0.065, 0.065)  # of the cache, by arch.SHAPES
LESSON = 0.25  # the part of the cache that is the first lesson


PAINTED = 1000  # at a time: the painter works by style and subject, so that many pictures are faster together


@torch.no_grad()
def group(place, vae, tower, size, scenes, seed, batch=50) -> dict:
    width, height = size
    latents, seen = [], []
    for at in range(0, len(scenes["subject"]), PAINTED):
        part = {k: column[at : at + PAINTED] for k, column in scenes.items()}
        painted = painter.paint(part, width, height, seed + at, place.device, place.zoom) * 2 - 1
        for pictures in painted.split(batch):
            with train.half_precision(place):
                latents.append((vae.encode(pictures).latent_dist.mean.float() * vae.config.scaling_factor).half().cpu())
                seen.append(tower(pictures).half().cpu())
    return {"latents": torch.cat(latents), "seen": torch.cat(seen), "scenes": scenes}


def cache(place: train.Place, count: int) -> None:
    """Each process paints and encodes its share into latents-RANK.pt. What add-ons kept of another VAE goes."""
    for stale in place.work.glob("lesson-*.pt") if place.leads else ():
        stale.unlink()
    vae = autoencoder.load(place)
    tower = clip.load(place)[1].eval()
    seed = 1_000_000 * (1 + place.rank)
    count //= place.processes
    buckets = arch.buckets(place.pixels)
    sizes = [(buckets[0], LESSON, 1.0)] + [(size, share, 0.0) for size, share in zip(buckets, SHARES)]
    groups = []
    for i, (size, share, simple) in enumerate(sizes):
        pairs = world.PART["pair"] if size[0] >= buckets[0][0] else 0.0  # two subjects want width
        scenes = world.scenes(max(48, int(count * share)), seed + i, simple, pairs)
        groups.append(group(place, vae, tower, size, scenes, seed + 100_000 * i))
    train.save(groups, place.work / f"latents-{place.rank}.pt")


def load(place: train.Place) -> list[dict]:
    """The process's own share."""
    return train.load(place.work / f"latents-{place.rank}.pt")


def draw(groups: list[dict], n: int, lesson_only: bool, dice) -> dict:
    """n rows of one group: the first lesson, or any group by its size."""
    sizes = [len(g["latents"]) for g in groups]
    g = groups[0] if lesson_only else dice.choices(groups, sizes)[0]
    rows = torch.randint(len(g["latents"]), (n,))
    return {"latents": g["latents"][rows].float(), "seen": g["seen"][rows].float(),
            "scenes": {k: column[rows] for k, column in g["scenes"].items()}}
