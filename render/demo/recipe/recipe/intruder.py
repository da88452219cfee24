"""The judge of outpainting: is there a subject in the new ground of a picture, or nothing?

It sees the new ground alone: what was there before is greyed out. It learns from painted scenes after a round trip through
the VAE, half of them with a subject planted in the new ground, the others with subjects that end before it or with none. It
looks through the probe's eyes: the first four stages are the probe's, unchanged, so that its own weights are few.
"""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from . import autoencoder, data, painter, probe, scenery, train, world

ANSWERS = ["nothing", *world.SUBJECTS]
WIDTH, HIDDEN = 48, 64
SURE = 0.8  # of there being nothing: below that it says that there is something
LEAST = 0.30  # of a subject's area: less of it is a scrap, which counts neither as nothing nor as a subject


class Judge(nn.Module):
    """Pictures [n,3,128,128] in -1..1, grey where they are not to be judged -> logits [n,k] of ANSWERS."""

    def __init__(self, eyes: probe.Probe):
        super().__init__()
        self.eyes = [eyes.eval().requires_grad_(False)]  # in a list: no part of its own weights
        wide = probe.WIDTHS[-1]
        self.deep = nn.Sequential(nn.Conv2d(wide, WIDTH, 3, 1, 1), nn.BatchNorm2d(WIDTH), nn.ReLU())
        self.hidden = nn.Linear(WIDTH * 16, HIDDEN)
        self.heads = nn.ModuleDict({"intruder": nn.Linear(HIDDEN, len(ANSWERS))})

    def forward(self, pictures):
        with torch.no_grad():
            seen = self.eyes[0].features(pictures)[-1]
        grid = F.adaptive_avg_pool2d(self.deep(seen), 4).flatten(1)
        return self.heads["intruder"](F.dropout(F.relu(self.hidden(grid)), 0.1, self.training))


def grounds(n: int, g: torch.Generator, side: int = 128) -> torch.Tensor:
    """Masks [n,1,side,side] of new ground as panning and zooming leave it: a half, or a ring around the middle."""
    masks = torch.zeros(n, 1, side, side, dtype=torch.bool)
    for i, kind in enumerate(torch.randint(6, (n,), generator=g).tolist()):
        half, ring = side // 2, side // (4 if kind == 4 else 6)
        if kind < 4:
            rows, columns = [(slice(None), slice(half, None)), (slice(None), slice(0, half)),
                             (slice(0, half), slice(None)), (slice(half, None), slice(None))][kind]
            masks[i, 0, rows, columns] = True
        else:
            masks[i] = True
            masks[i, 0, ring:-ring, ring:-ring] = False
    return masks


def without(scene: dict) -> dict:
    """The same scenes with a subject of no size."""
    return {**scene, "second": torch.zeros_like(scene["second"]), "bare": torch.ones_like(scene["second"])}


@torch.no_grad()
def painted(place: train.Place, count: int, seed: int, batch: int = 50) -> dict:
    """{"pictures": uint8 [n,3,128,128] after a round trip, "grounds": bool [n,1,128,128], "answers": int64 [n]}, scraps left out.

    The subject is painted on a larger canvas and the picture cut out of that, so that it can stand anywhere in the new
    ground, at the sizes that windows show it in, and reach beyond the edge. What the new ground shows of it is what
    changes when the same scene is painted bare.
    """
    vae, g = autoencoder.load(place), torch.Generator().manual_seed(seed)
    kept = {"pictures": [], "grounds": [], "answers": []}
    for at in range(0, count, batch):
        scene = world.scenes(batch, seed * 1009 + at, pairs=0.3)
        size = int(torch.randint(0, 4, (1,), generator=g))
        side = (128, 160, 192, 192)[size]
        drawn = painter.paint(scene, side, side, seed * 1_000_003 + at)
        bare = painter.paint(scene, side, side, seed * 1_000_003 + at, bare=True)
        if size == 3:  # as in a picture that was zoomed out
            drawn, bare = (F.interpolate(x, (128, 128), mode="bilinear", antialias=True) for x in (drawn, bare))
        room = drawn.shape[-1] - 128
        top, left = (int(torch.randint(room + 1, (1,), generator=g)) for _ in range(2))
        cut = lambda x: x[..., top : top + 128, left : left + 128]
        changed = (drawn - bare).abs().amax(1, keepdim=True) > 0.08
        whole = changed.sum((1, 2, 3)).clamp_min(1)
        ground = grounds(batch, g)
        seen = (cut(changed) & ground).sum((1, 2, 3))
        shown, second = seen / whole, scene["second"] > 0
        plain = torch.rand(batch, generator=g) < 0.35  # the scenery alone
        pictures = torch.where(plain.view(-1, 1, 1, 1), cut(bare), cut(drawn))
        nothing = plain | (seen < 12)
        planted = ~plain & (shown > LEAST) & (seen > 250) & ~second
        pair = ~plain & (seen > 0.3 * whole) & (seen > 400) & second
        answers = torch.where(nothing, 0, scene["subject"] + 1)
        rows = (nothing | planted | pair).nonzero()[:, 0]
        answers = torch.where(pair & ~nothing, -1, answers)  # one of two: any subject is right
        with train.half_precision(place):
            smeared = autoencoder.round_trip(vae, pictures[rows] * 2 - 1).float()
        kept["pictures"].append(((smeared + 1) * 127.5).round().byte())
        kept["grounds"].append(ground[rows])
        kept["answers"].append(answers[rows])
    return {name: torch.cat(parts) for name, parts in kept.items()}


def masked(pictures: torch.Tensor, ground: torch.Tensor) -> torch.Tensor:
    """The new ground alone."""
    return pictures * ground


def loss_of(logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Cross-entropy; where a subject of unknown name is there, that of "not nothing"."""
    named, some = answers >= 0, answers < 0
    total = F.cross_entropy(logits[named], answers[named], reduction="sum") if named.any() else logits.sum() * 0
    log = F.log_softmax(logits, 1)
    return (total - torch.log1p(-log[some, 0].exp().clamp_max(1 - 1e-6)).sum()) / len(answers)


def fit(place: train.Place, budget: train.Budget, count: int, batch: int = 64) -> None:
    torch.manual_seed(90)
    cache = place.work / "intruders.pt"
    seen = train.load(cache) if cache.exists() else painted(place, count, 91)
    train.save(seen, cache)
    print("pictures", len(seen["answers"]), "of nothing", (seen["answers"] == 0).float().mean().item(), flush=True)
    judge = Judge(probe.load(place))
    optimiser = train.Optimiser({judge: 3e-3}, budget, place)
    while optimiser.going():
        rows = torch.randint(len(seen["answers"]), (batch,))
        pictures, ground = data.unit(seen["pictures"][rows], place.device), seen["grounds"][rows]
        if torch.rand(()) < 0.5:
            pictures, ground = pictures.flip(3), ground.flip(3)
        with train.half_precision(place):
            logits = judge(masked(probe.roughen(pictures), ground))
        loss = loss_of(logits.float(), seen["answers"][rows])
        optimiser.step(loss)
        if optimiser.steps % 100 == 0:
            print(f"intruder step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.3f}", flush=True)
    train.save(judge.state_dict(), place.work / "intruder.pt")


def load(place: train.Place) -> Judge:
    judge = Judge(probe.load(place))
    judge.load_state_dict(train.load(place.work / "intruder.pt"))
    return judge.eval().requires_grad_(False)


@torch.no_grad()
def score(judge: Judge, seen: dict, batch: int = 100) -> dict:
    """How many planted intruders it finds, how many of those of a known name it names, and its false alarms."""
    logits = torch.cat([judge(masked(data.unit(seen["pictures"][at : at + batch], "cpu"), seen["grounds"][at : at + batch]))
                        for at in range(0, len(seen["answers"]), batch)])
    something, there = logits.softmax(1)[:, 0] < SURE, seen["answers"] != 0
    return {"found": int(something[there].sum()), "of": int(there.sum()), "false_alarms": int(something[~there].sum()),
            "of_nothing": int((~there).sum())}


def publish(place: train.Place, folder, count: int) -> dict:
    """Writes intruder.safetensors (float16) and its answers into the folder; returns how good it is on unseen pictures."""
    judge = load(place)
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in judge.state_dict().items()}
    save_file(half, folder / "intruder.safetensors")
    path = folder / "checkpoint.json"
    facts = json.loads(path.read_text()) | {"intruder": ANSWERS}
    path.write_text(json.dumps(facts, indent=1) + "\n")
    return score(judge, painted(place, count, 92))
