"""The probe: an independent judge that reads a scene off a picture. It only ever sees painted pictures."""

import torch
import torch.nn.functional as F
from torch import nn

from . import data, train, world

WIDTHS = (24, 48, 96, 128)


class Probe(nn.Module):
    """Pictures [n,3,H,W] in -1..1 -> {attribute: logits [n,k]}."""

    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList()
        for narrow, wide in zip((3, *WIDTHS), WIDTHS):
            self.stages.append(nn.Sequential(nn.Conv2d(narrow, wide, 3, 2, 1), nn.BatchNorm2d(wide), nn.ReLU()))
        self.hidden = nn.Linear(WIDTHS[-1] * 16, 192)
        self.heads = nn.ModuleDict({name: nn.Linear(192, len(table)) for name, table in world.ATTRIBUTES.items()})

    def features(self, pictures):
        """What each stage sees, from fine to coarse: a list of [n,c,h,w]."""
        seen = []
        for stage in self.stages:
            pictures = stage(pictures)
            seen.append(pictures)
        return seen

    def forward(self, pictures):
        grid = F.adaptive_avg_pool2d(self.features(pictures)[-1], 4).flatten(1)
        hidden = F.dropout(F.relu(self.hidden(grid)), 0.1, self.training)
        return {name: head(hidden) for name, head in self.heads.items()}


def roughen(pictures: torch.Tensor) -> torch.Tensor:
    """Half of the pictures get some blur and noise, so that the judge minds shapes, not the finest edges."""
    blurred = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    part = torch.rand(len(pictures), 1, 1, 1, device=pictures.device)
    pictures = torch.lerp(pictures, blurred, (2 * part - 1).clamp_min(0))
    return pictures + 0.08 * torch.rand_like(part) * torch.randn_like(pictures)


def fit(place: train.Place, budget: train.Budget, batch: int = 64) -> None:
    torch.manual_seed(20 + place.rank)
    painted = data.load(place, "pictures")
    probe = Probe().to(place.device)
    optimiser = train.Optimiser({probe: 2e-3}, budget, place)
    while optimiser.going():
        rows = torch.randint(len(painted["pictures"]), (batch,))
        pictures = roughen(data.unit(painted["pictures"][rows], place.device))
        guesses = probe(pictures)
        loss = sum(F.cross_entropy(guesses[k], painted["scenes"][k][rows].to(place.device)) for k in guesses)
        optimiser.step(loss)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"probe step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.3f}", flush=True)
    if place.leads:
        train.save(probe.state_dict(), place.work / "probe.pt")


def load(place: train.Place) -> Probe:
    probe = Probe().to(place.device)
    probe.load_state_dict(train.load(place.work / "probe.pt", place.device))
    return probe.eval().requires_grad_(False)


def squared(pictures: torch.Tensor, side: int = 128) -> torch.Tensor:
    """The middle side x side pixels, short sides continued by their edges: the probe knows square pictures only."""
    height, width = pictures.shape[-2:]
    tall, wide = max(0, side - height), max(0, side - width)
    pictures = F.pad(pictures, (wide // 2, wide - wide // 2, tall // 2, tall - tall // 2), mode="replicate")
    top, left = (pictures.shape[-2] - side) // 2, (pictures.shape[-1] - side) // 2
    return pictures[..., top : top + side, left : left + side]


@torch.no_grad()
def score(probe: Probe, pictures: torch.Tensor, scenes: dict, batch: int = 100) -> dict[str, float]:
    """The part of pictures (-1..1) whose attribute is read as the scene says: {attribute: 0..1}."""
    right = {name: 0 for name in world.ATTRIBUTES}
    for at in range(0, len(pictures), batch):
        guesses = probe(squared(pictures[at : at + batch]))
        for name, logits in guesses.items():
            right[name] += (logits.argmax(1) == scenes[name][at : at + batch].to(logits.device)).sum().item()
    return {name: hits / len(pictures) for name, hits in right.items()}
