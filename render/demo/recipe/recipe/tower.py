"""Mini-CLIP for other uses: the picture tower as image_encoder/, and how well words and pictures find each other.

The picture tower is in the layout of diffusers' image encoders, with pixel_values as the safety checker's preprocessor
makes them; the text encoder's output text_embeds is its counterpart. Their cosine, times config.json's logit_scale, says
how well a text fits a picture: that is description and search.
"""

import json
import random
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F

from . import arch, captions, clip, data, export, generate, report, train, world

ASKED = {  # attribute: what is said of a picture to find which word fits
    "subject": "a {}", "colour": "a {} {subject}", "setting": "a {colour} {subject}, {}", "style": "{}, a {colour} {subject}",
    "light": "a {colour} {subject}, {setting}, {}",
}
LINE_UP = 50  # pictures among which a caption must find its own


class Towers:
    """Text and picture tower with what makes them agree, as they are shipped."""

    def __init__(self, place: train.Place):
        model = generate.Checkpoint(place)
        self.text, self.tokenizer, self.agreement = model.text, model.tokenizer, model.agreement
        self.pictures = clip.load(place)[1].eval()

    @torch.no_grad()
    def read(self, texts: list[str]) -> torch.Tensor:
        """Unit vectors [n,128]."""
        padded = self.tokenizer(texts, padding="max_length", truncation=True, max_length=arch.TEXT_LENGTH, return_tensors="pt")
        ids = padded["input_ids"].to(self.text.device)
        return F.normalize(self.agreement.projection(self.text(input_ids=ids).pooler_output), dim=1)

    @torch.no_grad()
    def look(self, pictures: torch.Tensor) -> torch.Tensor:
        """Unit vectors [n,128] of pictures in -1..1."""
        return torch.cat([F.normalize(self.pictures(part), dim=1) for part in pictures.split(100)])


def fit(place: train.Place, budget: train.Budget, batch: int = 64) -> None:
    """Trains the picture tower on, until it agrees with the text tower as that became with the UNet and now stays."""
    torch.manual_seed(45 + place.rank)
    painted, writer, towers = data.load(place, "pictures"), clip.Writer(place, seed=45 + place.rank), Towers(place)
    text, agreement = towers.text.requires_grad_(False), towers.agreement.requires_grad_(False)
    pictures = towers.pictures.train()
    optimiser = train.Optimiser({pictures: 1e-3}, budget, place)
    while optimiser.going():
        even = 2 * torch.randint(len(painted["pictures"]) // 2, (batch // 2,))
        rows = torch.cat([even, even + 1])  # scenes and their twins: hard negatives
        texts, _ = writer.captions({k: column[rows] for k, column in painted["scenes"].items()})
        ids = writer.ids(texts).to(place.device)
        read = clip.sentences(text(input_ids=ids).last_hidden_state, ids, text.config.eos_token_id)
        with train.half_precision(place):
            seen = pictures(data.unit(painted["pictures"][rows], place.device)).float()
        loss = agreement.contrast(read, seen)
        optimiser.step(loss)
        if place.leads and optimiser.steps % 50 == 0:
            print(f"tower step {optimiser.steps} {optimiser.minutes():.1f} min contrast {loss.item():.3f}", flush=True)
    if place.leads:
        kept = train.load(place.work / "clip.pt")
        train.save({**kept, "pictures": pictures.state_dict()}, place.work / "clip.pt")


def publish(place: train.Place, folder: Path) -> None:
    """Writes image_encoder/ into the model folder."""
    towers = Towers(place)
    shutil.rmtree(folder / "image_encoder", ignore_errors=True)
    (folder / "image_encoder").mkdir(parents=True)
    side = place.pixels
    export.trace(towers.pictures.cpu(), {"pixel_values": torch.rand(2, 3, side, side)}, ["image_embeds"],
                 {"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}}, folder / "image_encoder/model.onnx")
    config = {"architectures": ["CLIPVisionModelWithProjection"], "image_size": side, "projection_dim": arch.TEXT_WIDTH,
              "logit_scale": round(towers.agreement.scale.clamp_max(4).exp().item(), 3)}
    (folder / "image_encoder/config.json").write_text(json.dumps(config, indent=2) + "\n")


def judge(place: train.Place, count: int) -> dict:
    """On painted pictures of one subject not trained on: words that describe them, captions that find them."""
    towers, unseen = Towers(place), data.load(place, "unseen")
    rows = (unseen["scenes"]["second"] == 0).nonzero()[:count, 0]
    scenes = [world.names(unseen["scenes"], int(i)) for i in rows]
    seen = towers.look(data.unit(unseen["pictures"][rows], place.device))
    found = {name: report.proportion(described(towers, seen, scenes, name)) for name in ASKED}
    dice = random.Random(6)
    told = towers.read([captions.write(captions.mention(scene, dice), dice) for scene in scenes])
    line_ups = [(told[at : at + LINE_UP] @ seen[at : at + LINE_UP].T).argmax(1).cpu() == torch.arange(len(told[at : at + LINE_UP]))
                for at in range(0, len(rows), LINE_UP)]
    return {"describes": found, "line_up": LINE_UP, "finds": report.proportion(torch.cat(line_ups).tolist())}


def described(towers: Towers, seen: torch.Tensor, scenes: list[dict], name: str) -> list[bool]:
    """For each picture whose attribute shows, whether the right word's text is nearest to it."""
    table = [word for word in world.ATTRIBUTES[name] if word not in (world.HIDDEN, world.UNSEEN)]
    right = []
    for vector, scene in zip(seen, scenes):
        hidden = scene["subject"] == world.HIDDEN
        if hidden or name == "colour" and scene["colour"] in world.COLOURLESS.get(scene["style"], ()):
            continue
        texts = towers.read([ASKED[name].format(word, **scene) for word in table])
        right.append(table[int((texts @ vector).argmax())] == scene[name])
    return right
