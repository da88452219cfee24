"""The probe: an independent judge that reads a scene off a picture. It only ever sees painted pictures."""

import torch
import torch.nn.functional as F
from torch import nn

from . import data, train, world

WIDTHS = (24, 48, 96, 128)
HIDDEN = 384


class Probe(nn.Module):
    """Pictures [n,3,H,W] in -1..1 -> {attribute: logits [n,k]}."""

    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList()
        for narrow, wide in zip((3, *WIDTHS), WIDTHS):
            self.stages.append(nn.Sequential(nn.Conv2d(narrow, wide, 3, 2, 1), nn.BatchNorm2d(wide), nn.ReLU()))
        self.deep = nn.Sequential(nn.Conv2d(WIDTHS[-1], WIDTHS[-1], 3, 1, 1), nn.BatchNorm2d(WIDTHS[-1]), nn.ReLU())
        self.hidden = nn.Linear(WIDTHS[-1] * 16, HIDDEN)
        self.heads = nn.ModuleDict({name: nn.Linear(HIDDEN, len(table)) for name, table in world.ATTRIBUTES.items()})

    def features(self, pictures):
        """What each stage sees, from fine to coarse: a list of [n,c,h,w]."""
        seen = []
        for stage in self.stages:
            pictures = stage(pictures)
            seen.append(pictures)
        return seen

    def forward(self, pictures):
        grid = F.adaptive_avg_pool2d(self.deep(self.features(pictures)[-1]), 4).flatten(1)
        hidden = F.dropout(F.relu(self.hidden(grid)), 0.1, self.training)
        return {name: head(hidden) for name, head in self.heads.items()}


def roughen(pictures: torch.Tensor) -> torch.Tensor:
    """A third of the pictures get some blur, a third some noise: the judge is to mind shapes, not the finest edges."""
    part = torch.rand(len(pictures) // 3, 1, 1, 1, device=pictures.device)
    soft, noisy, plain = pictures.split([len(part), len(part), len(pictures) - 2 * len(part)])
    blurred = F.avg_pool2d(F.pad(soft, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return torch.cat([torch.lerp(soft, blurred, part), noisy + 0.08 * part * torch.randn_like(noisy), plain])


def shifted(pictures: torch.Tensor, reach: int = 5) -> torch.Tensor:
    """A batch shifted by a few pixels, so that the judge does not learn pictures by heart: its errors were mostly that."""
    side = pictures.shape[-1]
    top, left = torch.randint(2 * reach + 1, (2,)).tolist()
    return F.pad(pictures, (reach,) * 4, mode="replicate")[..., top : top + side, left : left + side]


def visible(scenes: dict) -> dict[str, torch.Tensor]:
    """Which rows of an attribute can be read off their pictures: bool [n]. A blueprint does not show colours."""
    everything = torch.ones_like(scenes["style"], dtype=torch.bool)
    shown = {name: everything for name in world.ATTRIBUTES}
    return shown | {name: world.keeps_colour(scenes, name) for name in ("colour", "second colour")}


def loss_of(guesses: dict, scenes: dict) -> torch.Tensor:
    """Cross-entropy of every attribute where it is visible."""
    shown = visible(scenes)
    each = {k: F.cross_entropy(logits, scenes[k], reduction="none") for k, logits in guesses.items()}
    return sum((each[k] * shown[k]).sum() / shown[k].sum().clamp_min(1) for k in each)


def fit(place: train.Place, budget: train.Budget, batch: int = 64) -> None:
    torch.manual_seed(20 + place.rank)
    sources = [data.load(place, "pictures"), data.load(place, "extra")]
    probe = Probe().to(place.device)
    for kept in (place.work, place.start):
        if kept and (kept / "probe.pt").exists():
            train.take_up(probe, train.load(kept / "probe.pt", place.device))
            break
    optimiser = train.Optimiser({probe: 2e-3}, budget, place)
    while optimiser.going():
        rows = [torch.randint(len(painted["pictures"]), (n,)) for painted, n in zip(sources, (batch - batch // 8, batch // 8))]
        order = torch.randperm(batch)
        pictures = torch.cat([painted["pictures"][r] for painted, r in zip(sources, rows)])[order]
        scenes = {k: torch.cat([painted["scenes"][k][r] for painted, r in zip(sources, rows)])[order].to(place.device)
                  for k in world.ATTRIBUTES}
        with train.half_precision(place):
            guesses = probe(roughen(shifted(data.unit(pictures, place.device))))
        loss = loss_of({k: logits.float() for k, logits in guesses.items()}, scenes)
        optimiser.step(loss)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"probe step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.3f}", flush=True)
        if place.leads and (optimiser.steps % 500 == 0 or not optimiser.going()):
            train.save(probe.state_dict(), place.work / "probe.pt")


def load(place: train.Place) -> Probe:
    probe = Probe().to(place.device)
    probe.load_state_dict(train.load(place.work / "probe.pt", place.device))
    return probe.eval().requires_grad_(False)


def squared(pictures: torch.Tensor) -> torch.Tensor:
    """The middle square, short sides continued by their edges: the probe knows square pictures of 128 or 256 only."""
    height, width = pictures.shape[-2:]
    side = 128 if min(height, width) <= 128 else 256
    tall, wide = max(0, side - height), max(0, side - width)
    pictures = F.pad(pictures, (wide // 2, wide - wide // 2, tall // 2, tall - tall // 2), mode="replicate")
    top, left = (pictures.shape[-2] - side) // 2, (pictures.shape[-1] - side) // 2
    return pictures[..., top : top + side, left : left + side]


@torch.no_grad()
def score(probe: Probe, pictures: torch.Tensor, scenes: dict, batch: int = 100) -> dict[str, float]:
    """The part of pictures (-1..1) whose visible attributes are read as the scene says: {attribute: 0..1}."""
    right, shown = {name: 0 for name in world.ATTRIBUTES}, {name: 0 for name in world.ATTRIBUTES}
    for at in range(0, len(pictures), batch):
        part = {k: column[at : at + batch][: len(pictures) - at].to(pictures.device) for k, column in scenes.items()}
        seen = visible(part)
        for name, logits in probe(squared(pictures[at : at + batch])).items():
            right[name] += ((logits.argmax(1) == part[name]) & seen[name]).sum().item()
            shown[name] += seen[name].sum().item()
    return {name: right[name] / max(1, shown[name]) for name in right}
