"""Mini-CLIP for other uses: the picture tower as image_encoder/, and how well words and pictures find each other.

The picture tower is in the layout of diffusers' image encoders, with pixel_values as the safety checker's preprocessor
makes them; the text encoder's output text_embeds is its counterpart. Their cosine, times config.json's logit_scale, says
how well a text fits a picture: that is description and search.

The text tower is the model's own and stays as it is. The picture tower learns from the text tower's vectors alone: the
vector of a picture comes near that of its caption (CLIP's loss), and nearer to the short caption that says the right
word than to those that say another one. Without the second half a full caption's vector is all it learns, and such a
vector is next to "a picture of a boat" only where the text tower itself puts it there: for 48 of 100 captions.
"""

import json
import random
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F

from . import arch, autoencoder, captions, clip, data, export, generate, painted, painter, probe, safety, train, world

NAMED = {  # what short captions say, and how much it counts beside the whole caption
    "subject": 1.0, "colour": 0.2, "setting": 0.3, "light": 0.2, "style": 0.2, "weather": 0.2, "size": 0.2, "place": 0.2,
}
WAYS = 4  # of writing each short caption


class Towers:
    """Text and picture tower with what makes them agree, as they were trained."""

    def __init__(self, place: train.Place):
        model = generate.Checkpoint(place)
        self.text, self.tokenizer, self.agreement = model.text, model.tokenizer, model.agreement
        self.text.requires_grad_(False)
        self.agreement.requires_grad_(False)
        self.pictures = clip.load(place)[1].eval()

    @torch.no_grad()
    def read(self, texts: list[str]) -> torch.Tensor:
        """Unit vectors [n,128]. What follows the end token does not change them, so it is left out."""
        padded = self.tokenizer(texts, padding="longest", truncation=True, max_length=arch.TEXT_LENGTH, return_tensors="pt")
        ids = padded["input_ids"].to(self.text.device)
        return F.normalize(self.agreement.projection(self.text(input_ids=ids).pooler_output), dim=1)

    def scale(self) -> float:
        return self.agreement.scale.clamp_max(4).exp().item()


class ShortCaptions:
    """The text tower's vectors of captions that say a subject and one word more, for each word of each attribute."""

    def __init__(self, towers: Towers, place: train.Place):
        self.device, dice = place.device, random.Random(46)
        subjects = [name for name in world.SUBJECTS if name != world.HIDDEN]
        self.vectors = {}  # attribute: [subjects, words, WAYS, 128]; of the attribute "subject" [1, subjects, WAYS, 128]
        for name in NAMED:
            words = [word for word in world.ATTRIBUTES[name] if word not in ("", world.HIDDEN, world.UNSEEN)]
            rows = [{"subject": w} for w in words] if name == "subject" else [{"subject": s, name: w} for s in subjects for w in words]
            texts = [captions.write(row, dice) for row in rows for _ in range(WAYS)]
            read = torch.cat([towers.read(texts[at : at + 200]) for at in range(0, len(texts), 200)])
            self.vectors[name] = read.view(-1, len(words), WAYS, arch.TEXT_WIDTH).to(place.device)

    def loss(self, seen: torch.Tensor, scenes: dict, scale: float) -> torch.Tensor:
        """How far the vectors [n,128] are from the right words: the weighted sum of cross-entropies."""
        seen, shown = F.normalize(seen, dim=1), probe.visible(scenes)
        named = scenes["subject"] < world.KNOWN_SUBJECTS
        alone = scenes["second"] == 0
        total = seen.new_zeros(())
        for name, vectors in self.vectors.items():
            told = vectors[..., int(torch.randint(WAYS, ())), :]
            rows = (named & shown[name] & (alone | (name in ("setting", "light", "style", "weather")))).nonzero()[:, 0]
            right = scenes[name][rows]
            if world.ATTRIBUTES[name][0] == "":  # a caption never says this one
                rows, right = rows[right > 0], right[right > 0] - 1
            if len(rows):
                told = told[torch.zeros_like(rows) if name == "subject" else scenes["subject"][rows]]
                total = total + NAMED[name] * F.cross_entropy(scale * (told @ seen[rows, :, None])[..., 0], right)
        return total


@torch.no_grad()
def paint(place: train.Place, count: int, batch: int = 200) -> None:
    """This process's pictures to learn from: scenes and their twins, uint8 [n,3,S,S].

    Half of the batches are cut from wide or tall pictures, as the preprocessor does; a sixth have been through the VAE.
    """
    vae, drawn = autoencoder.load(place), data.in_twins(count // 2 * 2, 301 + place.rank)
    pictures = torch.empty(len(drawn["subject"]), 3, place.pixels, place.pixels, dtype=torch.uint8)
    for i, at in enumerate(range(0, len(pictures), batch)):
        some = {k: column[at : at + batch] for k, column in drawn.items()}
        width, height = arch.buckets(place.pixels)[(0, 1, 0, 2, 0, 3, 0, 4)[i % 8]]
        made = painter.paint(some, width, height, (301 + place.rank) * 1_000_003 + at, place.device, place.zoom) * 2 - 1
        if i % 6 == 2:
            with train.half_precision(place):
                made = torch.cat([autoencoder.round_trip(vae, part).float() for part in made.split(50)])
        pictures[at : at + batch] = ((safety.prepared(made, place.pixels) + 1) * 127.5).round().byte().cpu()
    train.save({"pictures": pictures, "scenes": drawn}, place.work / f"tower-{place.rank}.pt")


def worn(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures in -1..1 as they may come back from people: shifted, enlarged or made smaller and back, blurred or noisy, half
    of them after JPEG of any quality from 50 to 95."""
    side = pictures.shape[-1]
    pictures = safety.enlarged(probe.shifted(pictures))
    if torch.rand(()) < 0.3:
        smaller = side - int(torch.randint(side // 2, ()))
        small = F.interpolate(pictures, (smaller, smaller), mode="bicubic", antialias=True)
        pictures = F.interpolate(small, (side, side), mode="bicubic", antialias=True)
    pictures = probe.roughen(pictures).clamp(-1, 1).cpu()
    for i in range(0, len(pictures), 2):
        pictures[i] = painted.jpeg((pictures[i] + 1) / 2, 50 + int(torch.randint(46, ()))) * 2 - 1
    return pictures


def fit(place: train.Place, budget: train.Budget, count: int, batch: int = 64) -> None:
    """Trains the picture tower on, until it agrees with the text tower as that became with the UNet and now stays."""
    torch.manual_seed(45 + place.rank)
    paint(place, count)
    lesson, writer, towers = data.load(place, f"tower-{place.rank}"), clip.Writer(place, seed=45 + place.rank), Towers(place)
    short, pictures = ShortCaptions(towers, place), towers.pictures.train().to(memory_format=torch.channels_last)
    optimiser = train.Optimiser({pictures: 2e-3}, budget, place)
    while optimiser.going():
        even = 2 * torch.randint(len(lesson["pictures"]) // 2, (batch // 2,))
        rows = torch.cat([even, even + 1])[torch.randperm(batch)]  # scenes and their twins: hard negatives
        scenes = {k: column[rows].to(place.device) for k, column in lesson["scenes"].items()}
        read = towers.read(writer.captions(scenes)[0])
        with train.half_precision(place):
            seen = pictures(worn(data.unit(lesson["pictures"][rows], place.device)).to(place.device)).float()
        contrast, words = contrasted(read, seen, towers.scale()), short.loss(seen, scenes, towers.scale())
        optimiser.step(contrast + words)
        if place.leads and optimiser.steps % 50 == 0:
            print(f"tower step {optimiser.steps} {optimiser.minutes():.1f} min contrast {contrast.item():.3f} "
                  f"words {words.item():.3f}", flush=True)
        if place.leads and (optimiser.steps % 100 == 0 or not optimiser.going()):
            kept = train.load(place.work / "clip.pt")
            train.save({**kept, "pictures": pictures.state_dict()}, place.work / "clip.pt")
    (place.work / f"tower-{place.rank}.pt").unlink()


def contrasted(read: torch.Tensor, seen: torch.Tensor, scale: float) -> torch.Tensor:
    """CLIP's symmetric cross-entropy between the texts' unit vectors and the pictures' vectors, each [n,128]."""
    alike = scale * read @ F.normalize(seen, dim=1).T
    own = torch.arange(len(alike), device=alike.device)
    return (F.cross_entropy(alike, own) + F.cross_entropy(alike.T, own)) / 2


def publish(place: train.Place, folder: Path) -> None:
    """Writes image_encoder/ into the model folder."""
    towers = Towers(place)
    shutil.rmtree(folder / "image_encoder", ignore_errors=True)
    (folder / "image_encoder").mkdir(parents=True)
    side = place.pixels
    export.trace(towers.pictures.cpu(), {"pixel_values": torch.rand(2, 3, side, side)}, ["image_embeds"],
                 {"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}}, folder / "image_encoder/model.onnx")
    config = {"architectures": ["CLIPVisionModelWithProjection"], "image_size": side, "projection_dim": arch.TEXT_WIDTH,
              "logit_scale": round(towers.scale(), 3)}
    (folder / "image_encoder/config.json").write_text(json.dumps(config, indent=2) + "\n")
