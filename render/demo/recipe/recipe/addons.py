"""What the add-ons share: painted lessons, teaching with the base model frozen, and judging.

An add-on learns what the base model never saw or never heard named, from painted pictures alone; the probe's heads for
the style, the subject and the palette learnt them from painted pictures too.
"""

import random
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler
from diffusers.models.attention_processor import AttnProcessor

from . import arch, autoencoder, captions, card, clip, denoiser, generate, latents, probe, train, world

UNSAID = 0.1  # the part of captions left empty, as in the base model's training
STAND_IN = "boat"  # written in captions where a word the tokenizer does not know will stand


class Base:
    """The trained model, frozen, with what teaching needs."""

    def __init__(self, place: train.Place):
        self.place, self.model = place, generate.Checkpoint(place)
        self.text, self.unet = self.model.text.requires_grad_(False), self.model.unet.requires_grad_(False)
        self.unet.set_attn_processor(AttnProcessor())
        self.text.set_attn_implementation("eager")
        self.alphas = DDIMScheduler.from_config(arch.SCHEDULER).alphas_cumprod.to(place.device)

    def loss(self, clean: torch.Tensor, ids: torch.Tensor, free=None, guidance: float = 1.0, low: int = 0) -> torch.Tensor:
        """The base model's own training loss on latents and token ids; or that of the guided prediction, with the hidden states
        `free` of empty captions, and of timesteps from `low` on."""
        device = self.place.device
        clean, ids = clean.to(device), ids.to(device)
        t = (low + torch.rand(len(clean)) * (1000 - low)).long() if low else denoiser.timesteps(len(clean))
        noise, t = torch.randn_like(clean), t.to(device)
        signal, spread = self.alphas[t].sqrt().view(-1, 1, 1, 1), (1 - self.alphas[t]).sqrt().view(-1, 1, 1, 1)
        noisy = signal * clean + spread * noise
        with train.half_precision(self.place):
            guess = self.unet(noisy, t, self.model.words(ids), return_dict=False)[0].float()
            if guidance != 1:
                with torch.no_grad():
                    plain = self.unet(noisy, t, free, return_dict=False)[0].float()
                guess = plain + guidance * (guess - plain)
        error = F.mse_loss(guess, signal * noise - spread * clean, reduction="none").mean((1, 2, 3))
        return (error * denoiser.weights(self.alphas[t] / (1 - self.alphas[t]))).mean()


def lesson(place: train.Place, name: str, count: int, seed: int, simple: float = 0.3, **fixed: int) -> dict:
    """Latents and scenes of `count` painted pictures in which some attributes are always the same; `simple` as in world.scenes.

    They are kept in the work folder as lesson-NAME.pt, and taken from there if they are as many.
    """
    kept = place.work / f"lesson-{name}.pt"
    if kept.exists() and len((found := train.load(kept))["latents"]) == count:
        return found
    scenes = world.scenes(count, seed, simple=simple, pairs=0.0 if "subject" in fixed else world.PART["pair"])
    for name, index in fixed.items():
        scenes[name][:] = index
    tower = clip.load(place)[1].eval()
    made = latents.group(place, autoencoder.load(place), tower, arch.buckets(place.pixels)[0], scenes, seed)
    train.save(made, kept)
    return made


def texts(scenes: dict, dice: random.Random, word: str = "") -> list[str]:
    """Captions of the scenes; `word` is the name they give to the hidden subject."""
    written = []
    for i in range(len(scenes["subject"])):
        scene = world.names(scenes, i)
        if word:
            scene["subject"] = STAND_IN
        text = captions.write(captions.mention(scene, dice) | ({"subject": STAND_IN} if word else {}), dice)
        ways = "|".join(sorted([STAND_IN, *world.SUBJECTS[STAND_IN]], key=len, reverse=True))
        written.append(re.sub(rf"\b({ways})\b", word, text, flags=re.IGNORECASE) if word else text)
    return written


def teach(base: Base, addon, group: dict, budget: train.Budget, rate: float, encode, word="", batch: int = 16,
          guidance: float = 1.0, low: int = 0) -> dict[str, torch.Tensor]:
    """Trains a module's parameters and returns their moving averages (decay 0.98); `encode` turns captions into ids. Its hooks
    must be in place already. A guided loss knows no empty captions."""
    dice, unsaid = random.Random(80), UNSAID if guidance == 1 and low == 0 else 0.0
    with torch.no_grad():
        free = base.model.words(encode([""] * batch)) if guidance != 1 else None
    average = denoiser.Average(addon, 0.98)
    optimiser = train.Optimiser({addon: rate}, budget, base.place, warm_up=20, decay=0.0)
    running = None
    while optimiser.going():
        rows = torch.randint(len(group["latents"]), (batch,))
        written = texts({k: v[rows] for k, v in group["scenes"].items()}, dice, word)
        ids = encode(["" if dice.random() < unsaid else text for text in written])
        loss = base.loss(group["latents"][rows].float(), ids, free, guidance, low)
        optimiser.step(loss)
        average.update()
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if optimiser.steps % 50 == 0:
            print(f"{type(addon).__name__} step {optimiser.steps} {optimiser.minutes():.1f} min loss {running:.4f}", flush=True)
    return average.kept


def half(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What files hold: float16 on the CPU."""
    return {name: tensor.detach().cpu().half().contiguous() for name, tensor in tensors.items()}


@torch.no_grad()
def sketch(place: train.Place, model, written: list[str], seed: int, steps: int = card.STEPS, guidance: float = card.GUIDANCE) -> torch.Tensor:
    """One picture per caption, [n,3,H,W] in -1..1, from seeds of its own."""
    return generate.draw(model, written, steps, guidance, size=arch.buckets(place.pixels)[0], seed=seed)


@torch.no_grad()
def seen(reader, pictures: torch.Tensor, attribute: str, name: str) -> int:
    """In how many pictures the probe reads this name."""
    index = world.ATTRIBUTES[attribute].index(name)
    return sum((reader(probe.squared(part))[attribute].argmax(1) == index).sum().item() for part in pictures.split(100))


def verdict(file: Path, teaches: str, count: int, with_it: int, without: int) -> dict:
    return {"file": f"{file.parent.name}/{file.name}", "teaches": teaches, "of": count, "with": with_it, "without": without,
            "bytes": file.stat().st_size}
