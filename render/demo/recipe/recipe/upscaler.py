"""The 2x upscaler: a small network that enlarges postcards and undoes the smears of the VAE.

Input and output are those of every ESRGAN-type export: RGB [n,3,h,w] in 0..1 -> [n,3,2h,2w] in 0..1. As in Real-ESRGAN's
twofold network the picture is first unshuffled, so that all convolutions run at half its size; below that lie two more
levels (a small U-Net), the last of them at the size of the latents, since a smear reaches as far as two of these. The
result is added to a bicubic enlargement. It learns from scenes painted at both sizes, each after a round trip through the
VAE: what it makes is to be what the model would paint at twice the size, with a little of the painter's own sharpness.
"""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from . import autoencoder, export, painter, train, world

SCALE = 2
SHARP = 0.1  # part of the picture as painted in what is wanted; the rest is that picture after the VAE
WIDTHS = (32, 64, 80)  # channels at a half, a quarter and an eighth of the small picture's size
MULTIPLE = 8  # of the sides of the small picture


class Block(nn.Module):
    """Two convolutions beside which the input passes unchanged."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x):
        return x + self.second(F.relu(self.first(x)))


class Level(nn.Module):
    """Blocks before and after what happens at half the size, if there is a deeper level."""

    def __init__(self, width: int, *deeper: int, after: int = 2):
        super().__init__()
        self.before = nn.Sequential(Block(width), Block(width))
        if deeper:
            self.down = nn.Conv2d(width, deeper[0], 3, 2, 1)
            self.below = Level(*deeper, after=1 if len(deeper) > 1 else 0)
            self.up = nn.Conv2d(deeper[0], 4 * width, 1)
        self.after = nn.Sequential(*(Block(width) for _ in range(after)))

    def forward(self, x):
        x = self.before(x)
        if hasattr(self, "below"):
            x = x + F.pixel_shuffle(self.up(self.below(F.relu(self.down(x)))), 2)
        return self.after(x)


class Upscaler(nn.Module):
    def __init__(self, widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        self.head = nn.Conv2d(12, widths[0], 3, 1, 1)
        self.body = Level(*widths)
        self.tail = nn.Conv2d(widths[0], 3 * (2 * SCALE) ** 2, 3, 1, 1)
        nn.init.zeros_(self.tail.weight)  # the enlargement alone, at first
        nn.init.zeros_(self.tail.bias)

    def forward(self, small):
        x = self.body(self.head(F.pixel_unshuffle(small * 2 - 1, 2)))
        enlarged = F.interpolate(small, scale_factor=SCALE, mode="bicubic")
        return enlarged + F.pixel_shuffle(self.tail(x), 2 * SCALE)


class Published(nn.Module):
    """What is exported: the same, kept within 0..1."""

    def __init__(self, inner: Upscaler):
        super().__init__()
        for name, child in inner.named_children():
            setattr(self, name, child)
        self.inner = [inner]  # in a list, so that parameters keep the network's own names

    def forward(self, image):
        return self.inner[0](image).clamp(0, 1)


@torch.no_grad()
def pairs(place: train.Place, count: int, seed: int, sizes=((128, 128),), unsure: float = 0.5, batch: int = 8) -> list[dict]:
    """Paints about count scenes at both sizes, as many of each size in points: [{"large" and "native": uint8 [n,3,2h,2w],
    "small" and "smeared": uint8 [n,3,h,w]}]. "native" and "smeared" are the same after the VAE; the part `unsure` of the latter
    with noisy latents, like a UNet's."""
    vae, painted = autoencoder.load(place), []
    for k, (width, height) in enumerate(sizes):
        kept = {"large": [], "native": [], "small": [], "smeared": []}
        scenes = world.scenes(count // len(sizes), seed + k)
        for at in range(0, count // len(sizes), batch):
            part = {name: values[at : at + batch] for name, values in scenes.items()}
            look = lambda zoom: painter.paint(part, round(width * zoom), round(height * zoom), seed * 1_000_003 + at, place.device, zoom)
            large, small = look(SCALE * place.zoom), look(place.zoom)
            with train.half_precision(place):
                latents = vae.encode(small * 2 - 1).latent_dist.mean
                noisy = torch.rand(len(latents), 1, 1, 1, device=latents.device) < unsure
                smeared = vae.decode(torch.where(noisy, autoencoder.unsure(latents), latents)).sample.float() / 2 + 0.5
                native = autoencoder.round_trip(vae, large * 2 - 1).float() / 2 + 0.5
            for name, pictures in (("large", large), ("native", native), ("small", small), ("smeared", smeared)):
                kept[name].append((pictures.clamp(0, 1) * 255).round().byte().cpu())
        painted.append({name: torch.cat(parts) for name, parts in kept.items()})
    return painted


def batch_of(painted: dict, n: int, device) -> tuple[torch.Tensor, torch.Tensor]:
    """n small pictures, nine of ten smeared, and the large ones they should become; in 0..1, some mirrored."""
    small, large = [], []
    for row in torch.randint(len(painted["wanted"]), (n,)).tolist():
        source = painted["smeared" if torch.rand(()) < 0.9 else "small"]
        turn = [2] if torch.rand(()) < 0.5 else []
        small.append(source[row].flip(turn))
        large.append(painted["wanted"][row].flip(turn))
    unit = lambda parts: (torch.stack(parts).to(device).float() / 255).contiguous(memory_format=torch.channels_last)
    return unit(small), unit(large)


def lessons(place: train.Place, count: int) -> dict:
    """What `fit` learns from: {"small", "smeared", "wanted"}, kept in the work folder. Scenes of squares alone: the network
    takes any size, and L1 alone sharpens what it cannot know."""
    cache = place.work / f"upscaler-{place.rank}.pt"
    if cache.exists():
        return train.load(cache)
    painted = pairs(place, count, seed=60_000 + place.rank, unsure=0.35)[0]
    native, large = painted.pop("native"), painted.pop("large")
    mixed = [torch.lerp(a.float(), b.float(), SHARP).round().byte() for a, b in zip(native, large)]
    train.save(painted | {"wanted": torch.stack(mixed)}, cache)
    return train.load(cache)


def fit(place: train.Place, budget: train.Budget, count: int, batch: int = 8) -> None:
    """Trains on `count` painted pictures per process.

    The squared error rules, since an enlargement is judged by it; the edges count for a little. Averaged weights (decay
    0.999) are kept.
    """
    torch.manual_seed(60 + place.rank)
    painted = lessons(place, count)
    print(f"painted {len(painted['wanted'])}", flush=True)
    network = Upscaler().to(place.device, memory_format=torch.channels_last)  # half as fast again on a CPU
    if (place.work / "upscaler.pt").exists():
        network.load_state_dict(train.load(place.work / "upscaler.pt", place.device))
    average = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.999))
    optimiser = train.Optimiser({network: 1.5e-3}, budget, place, decay=0.0)
    saved = 0.0
    while optimiser.going():
        small, large = batch_of(painted, batch, place.device)
        with train.half_precision(place):
            made = network(small)
        made = made.float()
        edges = sum(F.l1_loss(a, b) for a, b in zip(autoencoder.slopes(made), autoencoder.slopes(large)))
        loss = 20 * F.mse_loss(made, large) + 0.3 * (F.l1_loss(made, large) + edges)
        optimiser.step(loss)
        average.update_parameters(network)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"upscaler step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.4f}", flush=True)
        if place.leads and (optimiser.minutes() > saved + 3 or not optimiser.going()):
            saved = optimiser.minutes()
            train.save(average.module.state_dict(), place.work / "upscaler.pt")


def load(place: train.Place) -> Upscaler:
    network = Upscaler().to(place.device)
    network.load_state_dict(train.load(place.work / "upscaler.pt", place.device))
    return network.eval().requires_grad_(False)


def lanczos(small: torch.Tensor) -> torch.Tensor:
    """Lanczos's filter as PIL has it, on pictures in 0..1."""
    made = []
    for picture in (small * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy():
        size = (SCALE * picture.shape[1], SCALE * picture.shape[0])
        made.append(np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)))
    return torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).to(small.device).float() / 255


def error(made: torch.Tensor, wanted: torch.Tensor) -> float:
    """The squared error summed over the pictures, each picture's being the mean of its values."""
    return (made.clamp(0, 1) - wanted).square().mean((1, 2, 3)).sum().item()


def slope_error(made: torch.Tensor, wanted: torch.Tensor) -> float:
    """The absolute error of the differences of neighbours, summed over the pictures, in levels of 255."""
    both = zip(autoencoder.slopes(made.clamp(0, 1)), autoencoder.slopes(wanted))
    return 255 * sum((a - b).abs().mean((1, 2, 3)).sum().item() for a, b in both) / 2


@torch.no_grad()
def judge(network, painted: list[dict], batch: int = 4) -> dict[str, dict]:
    """Of the network and of Lanczos's filter, from small pictures as painted and as the VAE leaves them to such large ones: PSNR in decibels of the
    mean squared error over all pictures, and the mean error of the slopes."""
    device = next(network.parameters()).device
    found = {}
    for source, target in (("smeared", "native"), ("smeared", "large"), ("small", "large")):
        for name, enlarge in (("network", network), ("lanczos", lanczos)):
            squares, slopes, n = 0.0, 0.0, 0
            for part in painted:
                for small, large in zip(part[source].split(batch), part[target].split(batch)):
                    made, wanted = enlarge(small.to(device).float() / 255), large.to(device).float() / 255
                    squares, slopes, n = squares + error(made, wanted), slopes + slope_error(made, wanted), n + len(small)
            found.setdefault(f"{source} to {target}", {})[name] = {"psnr": round(-10 * math.log10(squares / n), 2), "slopes": round(slopes / n, 2)}
    return found


def save_pairs(place: train.Place, folder: Path, count: int, side: int = 64) -> None:
    """Writes the middles of some pictures of both sizes, after the VAE, for the tests of the program."""
    folder.mkdir(parents=True, exist_ok=True)
    painted = pairs(place, count, seed=6800, unsure=0.0)[0]
    for name, pixels in (("smeared", side), ("native", SCALE * side)):
        for i, picture in enumerate(painted[name].permute(0, 2, 3, 1).numpy()):
            at = (picture.shape[0] - pixels) // 2
            cut = Image.fromarray(picture[at : at + pixels, at : at + pixels])
            cut.save(folder / f"{i}-{'small' if name == 'smeared' else name}.png", optimize=True)


def publish(place: train.Place, model: Path, count: int) -> dict:
    """Writes upscaler/model.onnx, its config and its measured gain into the model folder; returns the gain."""
    network = load(place)
    sizes = ((128, 128), (160, 112), (112, 160), (176, 96), (96, 176))
    found = judge(network, pairs(place, count, seed=6900, sizes=sizes, unsure=0.0))
    folder = model / "upscaler"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sides = {0: "batch", 2: "height", 3: "width"}
    export.trace(Published(network.cpu()), {"image": torch.rand(1, 3, 32, 48)}, ["upscaled"],
                 {"image": sides, "upscaled": sides}, folder / "model.onnx")
    # It mends smears of the size of latents: in a second run it finds some where there are none.
    config = {"_class_name": "Upscaler", "scale": SCALE, "multiple": MULTIPLE, "runs": 1}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return {"pictures": count, "scale": SCALE, "errors": found}
