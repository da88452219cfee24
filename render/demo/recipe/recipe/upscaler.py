"""The 4x upscaler: a small super-resolution network that makes edges of painted pictures sharp again.

Input and output are those of every ESRGAN-type export: RGB [n,3,h,w] in 0..1 -> [n,3,4h,4w] in 0..1. The network is
Real-ESRGAN's SRVGGNetCompact, small: plain convolutions at the small size and one pixel shuffle, the result added to a
plain enlargement (bilinear here, nearest there). It learns from scenes painted at four times the size, seen small and,
half of them, after a round trip through the VAE, whose smears it learns to undo.
"""

import json
import math
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from . import autoencoder, export, painter, train, world

SCALE = 4
WIDTH, DEPTH = 32, 6  # channels, and convolutions between the first and the last
CROP = 32  # pixels on a side of the small picture a batch shows


class Upscaler(nn.Module):
    """SRVGGNetCompact's body; its parameters bear the published network's names."""

    def __init__(self, width: int = WIDTH, depth: int = DEPTH):
        super().__init__()
        layers = [nn.Conv2d(3, width, 3, 1, 1), nn.PReLU(width)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(width)]
        self.body = nn.ModuleList([*layers, nn.Conv2d(width, 3 * SCALE**2, 3, 1, 1)])
        for layer in self.body[::2]:
            nn.init.kaiming_normal_(layer.weight, 0.25)  # PyTorch's own start fades to nothing after seven layers
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.body[-1].weight)  # the enlargement alone, at first

    def forward(self, small):
        x = small
        for layer in self.body:
            x = layer(x)
        return F.pixel_shuffle(x, SCALE) + F.interpolate(small, scale_factor=SCALE, mode="bilinear")


class Published(nn.Module):
    """What is exported: the same, kept within 0..1."""

    def __init__(self, inner: Upscaler):
        super().__init__()
        self.body, self.inner = inner.body, [inner]  # in a list, so that parameters keep the network's own names

    def forward(self, image):
        return self.inner[0](image).clamp(0, 1)


@torch.no_grad()
def pairs(place: train.Place, count: int, seed: int, batch: int = 8) -> dict[str, torch.Tensor]:
    """Paints count scenes: {"large": uint8 [n,3,4S,4S], "small" and "smeared": uint8 [n,3,S,S]}, S being place.pixels."""
    vae, side = autoencoder.load(place), SCALE * place.pixels
    kept = {"large": [], "small": [], "smeared": []}
    scenes = world.scenes(count, seed)
    for at in range(0, count, batch):
        part = {k: values[at : at + batch] for k, values in scenes.items()}
        large = painter.paint(part, side, side, seed * 1_000_003 + at, place.device, SCALE * place.zoom)
        small = F.avg_pool2d(large, SCALE)
        with train.half_precision(place):
            smeared = autoencoder.round_trip(vae, small * 2 - 1).float() / 2 + 0.5
        for name, pictures in (("large", large), ("small", small), ("smeared", smeared)):
            kept[name].append((pictures.clamp(0, 1) * 255).round().byte().cpu())
    return {name: torch.cat(parts) for name, parts in kept.items()}


def crops(painted: dict, n: int, device) -> tuple[torch.Tensor, torch.Tensor]:
    """n small crops [n,3,32,32], half of them smeared, and the large ones they should become; in 0..1, some mirrored."""
    small, large = [], []
    room = painted["small"].shape[-1] - CROP
    for row in torch.randint(len(painted["large"]), (n,)).tolist():
        top, left = torch.randint(room + 1, (2,)).tolist()
        source = painted["smeared" if torch.rand(()) < 0.5 else "small"]
        cut = source[row, :, top : top + CROP, left : left + CROP]
        whole = painted["large"][row, :, SCALE * top : SCALE * (top + CROP), SCALE * left : SCALE * (left + CROP)]
        turn = [2] if torch.rand(()) < 0.5 else []
        small.append(cut.flip(turn))
        large.append(whole.flip(turn))
    unit = lambda parts: torch.stack(parts).to(device).float() / 255
    return unit(small), unit(large)


def fit(place: train.Place, budget: train.Budget, count: int, batch: int = 8) -> None:
    """Trains from scratch on `count` painted pictures per process: L1 of the picture and of its slopes."""
    torch.manual_seed(60 + place.rank)
    painted = pairs(place, count, seed=60 + place.rank)
    network = Upscaler().to(place.device)
    optimiser = train.Optimiser({network: 2e-3}, budget, place)
    while optimiser.going():
        small, large = crops(painted, batch, place.device)
        with train.half_precision(place):
            made = network(small)
        edges = sum(F.l1_loss(a, b) for a, b in zip(autoencoder.slopes(made.float()), autoencoder.slopes(large)))
        loss = F.l1_loss(made.float(), large) + edges
        optimiser.step(loss)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"upscaler step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.4f}", flush=True)
    if place.leads:
        train.save(network.state_dict(), place.work / "upscaler.pt")


def load(place: train.Place) -> Upscaler:
    network = Upscaler().to(place.device)
    network.load_state_dict(train.load(place.work / "upscaler.pt", place.device))
    return network.eval().requires_grad_(False)


def error(made: torch.Tensor, wanted: torch.Tensor) -> float:
    """The squared error summed over the pictures, each picture's being the mean of its values."""
    return (made.clamp(0, 1) - wanted).square().mean((1, 2, 3)).sum().item()


@torch.no_grad()
def judge(network, painted: dict, batch: int = 8) -> dict[str, dict]:
    """PSNR, in decibels, of the mean squared error over all pictures: of the network, of bicubic and of the nearest pixel,
    on small pictures as painted and as the VAE leaves them."""
    ways = {
        "network": network,
        "bicubic": lambda x: F.interpolate(x, scale_factor=SCALE, mode="bicubic"),
        "nearest": lambda x: F.interpolate(x, scale_factor=SCALE, mode="nearest"),
    }
    device = next(network.parameters()).device
    unit = lambda name, at: painted[name][at : at + batch].to(device).float() / 255
    found = {}
    for source in ("small", "smeared"):
        for name, enlarge in ways.items():
            starts = range(0, len(painted["large"]), batch)
            squares = sum(error(enlarge(unit(source, at)), unit("large", at)) for at in starts)
            found.setdefault(source, {})[name] = round(-10 * math.log10(squares / len(painted["large"])), 2)
    return found


def publish(place: train.Place, model: Path, count: int) -> dict:
    """Writes upscaler/model.onnx, its config and its measured gain into the model folder; returns the gain."""
    network = load(place)
    found = judge(network, pairs(place, count, seed=69))
    folder = model / "upscaler"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sides = {0: "batch", 2: "height", 3: "width"}
    export.trace(Published(network.cpu()), {"image": torch.rand(1, 3, 24, 32)}, ["upscaled"],
                 {"image": sides, "upscaled": sides}, folder / "model.onnx")
    config = {"_class_name": "SRVGGNetCompact", "scale": SCALE, "num_feat": WIDTH, "num_conv": DEPTH, "act_type": "prelu"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return {"pictures": count, "psnr": found}
