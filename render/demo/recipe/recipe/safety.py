"""The safety checker, in the layout of Stable Diffusion's: a picture tower, and concepts it must not come near.

Inputs are clip_input [n,3,S,S] (as feature_extractor/preprocessor_config.json tells) and images [n,H,W,3] in 0..1;
outputs are out_images, where what was flagged is black, and has_nsfw_concepts, bool [n]. The concept is the skull: a
harmless thing, so that every path of moderation can be tried. The tower starts as Mini-CLIP's and learns on from
painted pictures, half of them after a round trip through the VAE; it never sees a generated one.
"""

import json
import random
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from . import arch, autoencoder, captions, card, clip, data, export, generate, painter, probe, train, world

CONCEPT = "skull"
SHARPNESS = 20.0  # cosine -> log-odds, in training
BARS = {"recall": 0.95, "false alarms": 0.02}


class Checker(nn.Module):
    """StableDiffusionSafetyChecker with our tower; its own parameters bear the published names."""

    def __init__(self):
        super().__init__()
        self.vision_model = clip.PictureTower()
        self.visual_projection = nn.Linear(arch.TEXT_WIDTH, arch.TEXT_WIDTH, bias=False)
        nn.init.eye_(self.visual_projection.weight)
        self.concept_embeds = nn.Parameter(torch.randn(1, arch.TEXT_WIDTH))
        self.register_buffer("concept_embeds_weights", torch.full((1,), 0.5))

    def likeness(self, clip_input):
        """The cosine between each picture and each concept: [n,1]."""
        seen = self.visual_projection(self.vision_model(clip_input))
        return F.normalize(seen, dim=1) @ F.normalize(self.concept_embeds, dim=1).T

    def forward(self, clip_input, images):
        flagged = (self.likeness(clip_input) > self.concept_embeds_weights).any(1)
        return images * (~flagged).to(images.dtype).view(-1, 1, 1, 1), flagged


def shows(scenes: dict) -> torch.Tensor:
    """Whether a scene shows the concept: bool [n]."""
    index = list(world.SUBJECTS).index(CONCEPT)
    return (scenes["subject"] == index) | (scenes["second"] == index + 1)


def scenes(count: int, seed: int, part: float) -> dict[str, torch.Tensor]:
    """Scenes of which at least `part` show the concept; in a quarter of the pairs among them it stands on the right."""
    drawn = world.scenes(count, seed)
    g = torch.Generator().manual_seed(seed + 1)
    index = list(world.SUBJECTS).index(CONCEPT)
    made = torch.rand(count, generator=g) < part
    right = made & (drawn["second"] > 0) & (torch.rand(count, generator=g) < 0.5)
    drawn["second"] = torch.where(right, index + 1, drawn["second"])
    drawn["subject"] = torch.where(made & ~right, index, drawn["subject"])
    return drawn


@torch.no_grad()
def gallery(place: train.Place, count: int, seed: int, part: float, batch: int = 100) -> dict:
    """{"pictures": uint8 [n,3,S,S], "smeared": the same after a round trip, "shows": bool [n]}.

    A third of the pictures are cut from wide or tall ones, as the checker's preprocessor does.
    """
    vae, kept = autoencoder.load(place), {"pictures": [], "smeared": [], "shows": []}
    everything = scenes(count, seed, part)
    for i, at in enumerate(range(0, count, batch)):
        some = {k: values[at : at + batch] for k, values in everything.items()}
        width, height = arch.buckets(place.pixels)[(0, 1, 0, 2, 0, 3, 0, 4, 0)[i % 9]]
        painted = painter.paint(some, width, height, seed * 1_000_003 + at, place.device, place.zoom) * 2 - 1
        with train.half_precision(place):
            smeared = autoencoder.round_trip(vae, painted).float()
        for name, pictures in (("pictures", painted), ("smeared", smeared)):
            kept[name].append(((prepared(pictures, place.pixels) + 1) * 127.5).round().byte().cpu())
        kept["shows"].append(shows(some))
    return {name: torch.cat(parts) for name, parts in kept.items()}


def prepared(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """What the preprocessor does, on pictures in -1..1: the shorter side to `side` pixels, then the middle square."""
    height, width = pictures.shape[-2:]
    if height != side or width != side:
        short = min(height, width)
        size = [int(side * height / short), int(side * width / short)]
        pictures = F.interpolate(pictures, size, mode="bicubic", antialias=True).clamp(-1, 1)
    top, left = (pictures.shape[-2] - side) // 2, (pictures.shape[-1] - side) // 2
    return pictures[..., top : top + side, left : left + side]


class Lesson:
    """Pictures already painted, the concept in a third of those drawn; `count` of them also after a round trip."""

    @torch.no_grad()
    def __init__(self, place: train.Place, name: str, count: int):
        self.painted, vae = data.load(place, name), autoencoder.load(place)
        there = shows(self.painted["scenes"])
        self.with_it, self.without = (mask.nonzero()[:, 0] for mask in (there, ~there))
        kept, self.shows = self.draw(count)
        smeared = []
        for part in kept.split(50):
            with train.half_precision(place):
                rebuilt = autoencoder.round_trip(vae, data.unit(part, place.device)).float()
            smeared.append(((rebuilt + 1) * 127.5).round().byte().cpu())
        self.smeared = torch.cat(smeared)

    def draw(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """n pictures as painted, uint8 [n,3,S,S], and whether they show the concept."""
        pick = lambda rows, k: rows[torch.randint(len(rows), (k,))]
        rows = torch.cat([pick(self.with_it, n // 3), pick(self.without, n - n // 3)])
        return self.painted["pictures"][rows], torch.arange(n) < n // 3

    def batch(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """n pictures, two thirds as painted and one third after a round trip."""
        pictures, there = self.draw(n - n // 3)
        rows = torch.randint(len(self.shows), (n // 3,))
        return torch.cat([pictures, self.smeared[rows]]), torch.cat([there, self.shows[rows]])


def enlarged(pictures: torch.Tensor) -> torch.Tensor:
    """A random part of each batch, enlarged as the preprocessor enlarges wide and tall pictures before it cuts them."""
    side = pictures.shape[-1]
    kept = side - int(torch.randint(side // 5, ()))
    top, left = torch.randint(side - kept + 1, (2,)).tolist()
    cut = pictures[..., top : top + kept, left : left + kept]
    return F.interpolate(cut, (side, side), mode="bilinear", antialias=True)


def fit(place: train.Place, budget: train.Budget, count: int, batch: int = 48) -> None:
    """Trains from Mini-CLIP, or from the last checkpoint, then sets the threshold on pictures not trained on."""
    torch.manual_seed(70 + place.rank)
    seen = Lesson(place, "pictures", count)
    checker = Checker().to(place.device)
    checker.vision_model.load_state_dict(clip.load(place)[1].state_dict())
    if (place.work / "safety.pt").exists():
        checker.load_state_dict(train.load(place.work / "safety.pt", place.device))
    optimiser = train.Optimiser({checker: 1e-3}, budget, place)
    while optimiser.going():
        pictures, there = seen.batch(batch)
        pictures = probe.roughen(enlarged(data.unit(pictures, place.device)))
        with train.half_precision(place):
            cosine = checker.likeness(pictures).float()[:, 0]
        loss = F.binary_cross_entropy_with_logits(SHARPNESS * (cosine - 0.5), there.float().to(place.device))
        optimiser.step(loss)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"safety step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.4f}", flush=True)
    if place.leads:
        checker.eval()
        set_threshold(checker, Lesson(place, "unseen", count // 4))
        train.save(checker.state_dict(), place.work / "safety.pt")


@torch.no_grad()
def cosines(checker: Checker, pictures: torch.Tensor, batch: int = 100) -> torch.Tensor:
    """The concept's cosine for byte pictures [n,3,S,S]: [n]."""
    device = checker.concept_embeds.device
    parts = [checker.likeness(part.to(device).float() / 127.5 - 1)[:, 0].cpu() for part in pictures.split(batch)]
    return torch.cat(parts)


def set_threshold(checker: Checker, held: Lesson) -> None:
    """Sets the threshold where misses and false alarms, each as a part of what is allowed, are rarest on unseen pictures."""
    rows = torch.cat([held.with_it, held.without])
    cosine = torch.cat([cosines(checker, held.painted["pictures"][rows]), cosines(checker, held.smeared)])
    skull = torch.cat([torch.arange(len(rows)) < len(held.with_it), held.shows])
    tries = torch.linspace(-1, 1, 401)
    missed = torch.stack([(cosine[skull] <= t).float().mean() for t in tries])
    alarms = torch.stack([(cosine[~skull] > t).float().mean() for t in tries])
    worst = torch.maximum(missed / (1 - BARS["recall"]), alarms / BARS["false alarms"])
    checker.concept_embeds_weights.fill_(tries[worst <= worst.min() + 1e-6].mean().item())  # the middle of the best


def load(place: train.Place) -> Checker:
    checker = Checker().to(place.device)
    checker.load_state_dict(train.load(place.work / "safety.pt", place.device))
    return checker.eval().requires_grad_(False)


def rates(caught: torch.Tensor, skull: torch.Tensor) -> dict:
    found, alarms = int((caught & skull).sum()), int((caught & ~skull).sum())
    return {"found": found, "skulls": int(skull.sum()), "false_alarms": alarms, "others": int((~skull).sum())}


def flagged(checker: Checker, pictures: torch.Tensor) -> torch.Tensor:
    return cosines(checker, pictures) > checker.concept_embeds_weights.cpu()


def judge_painted(place: train.Place, checker: Checker, count: int) -> dict:
    """Recall and false alarms on painted pictures of all sizes, and on the same after a round trip through the VAE."""
    seen = gallery(place, count, seed=79, part=0.15)
    names = {"painted": "pictures", "after a round trip": "smeared"}
    return {name: rates(flagged(checker, seen[key]), seen["shows"]) for name, key in names.items()}


@torch.no_grad()
def judge(place: train.Place, checker: Checker, model, reader, count: int, steps: int = card.STEPS, guidance: float = card.GUIDANCE) -> dict:
    """Recall and false alarms on painted pictures, and on generated ones, where the probe tells what is there."""
    found = judge_painted(place, checker, 2 * count)
    texts, asked = prompts(count, seed=77)
    pictures = generate.draw(model, texts, steps, guidance, size=arch.buckets(place.pixels)[0], seed=7_000)
    read = [{k: v.argmax(1) for k, v in reader(part).items()} for part in pictures.split(100)]
    there = torch.cat([shows(part) for part in read])
    caught = flagged(checker, ((pictures + 1) * 127.5).round().byte())
    sure = asked == there  # what was asked for and what the probe sees agree
    found["generated"] = {**rates(caught[sure], there[sure]), "asked_and_seen_differ": int((~sure).sum())}
    return found


def prompts(count: int, seed: int) -> tuple[list[str], torch.Tensor]:
    """Captions of scenes, three tenths of which show the concept, and whether they ask for it."""
    drawn, dice = scenes(count, seed, part=0.3), random.Random(seed)
    said = [captions.mention(world.names(drawn, i), dice) for i in range(count)]
    asked = torch.tensor([CONCEPT in (s.get("subject"), s.get("second")) for s in said])
    return [captions.write(s, dice) for s in said], asked


def publish(place: train.Place, model: Path) -> None:
    """Writes safety_checker/ and feature_extractor/ into the model folder and names them in its index."""
    checker = load(place).cpu()
    for name in ("safety_checker", "feature_extractor"):
        shutil.rmtree(model / name, ignore_errors=True)
        (model / name).mkdir(parents=True)
    side = place.pixels
    images = {0: "batch", 1: "height", 2: "width"}
    export.trace(
        checker, {"clip_input": torch.rand(2, 3, side, side), "images": torch.rand(2, 40, 48, 3)},
        ["out_images", "has_nsfw_concepts"],
        {"clip_input": {0: "batch"}, "images": images, "out_images": images, "has_nsfw_concepts": {0: "batch"}},
        model / "safety_checker/model.onnx",
    )
    write_json(model / "safety_checker/config.json", {
        "_class_name": "StableDiffusionSafetyChecker", "concepts": [CONCEPT], "projection_dim": arch.TEXT_WIDTH,
        "image_size": side,
    })
    write_json(model / "feature_extractor/preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": side}, "resample": 3,
        "do_center_crop": True, "crop_size": {"height": side, "width": side}, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "do_convert_rgb": True,
    })
    export.name_safety(model)


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")
