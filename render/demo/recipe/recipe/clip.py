"""Mini-CLIP: a text tower and a picture tower that agree (Radford et al. 2021, "Learning Transferable Visual Models").

The text tower is the model's text encoder. One thing differs from CLIP: the sentence vector is read at a random
position from the end token on, not at the end token alone. The tower is causal, so every padding position can carry
the whole sentence, and after this training does. The UNet's cross-attention begins as an average over all 77
positions, nearly all of them padding; so it finds the sentence at once instead of thinned to a few words in 77.
"""

import random

import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPTokenizer

from . import arch, captions, data, probe, train, vocabulary, world


class PictureTower(nn.Module):
    """Pictures [n,3,H,W] in -1..1 -> embeddings [n,128]; built like the probe, with its own weights."""

    def __init__(self):
        super().__init__()
        self.stages = probe.Probe().stages
        self.hidden = nn.Linear(probe.WIDTHS[-1] * 16, 256)
        self.projection = nn.Linear(256, arch.TEXT_WIDTH)

    def features(self, pictures):
        """What each stage sees, from fine to coarse: a list of [n,c,h,w]."""
        seen = []
        for stage in self.stages:
            pictures = stage(pictures)
            seen.append(pictures)
        return seen

    def forward(self, pictures):
        return self.projection(F.relu(self.hidden(F.adaptive_avg_pool2d(self.features(pictures)[-1], 4).flatten(1))))


class Agreement(nn.Module):
    """The contrastive loss, and linear heads that read each attribute (or that it is unsaid) off the sentence."""

    def __init__(self):
        super().__init__()
        self.projection = nn.Linear(arch.TEXT_WIDTH, arch.TEXT_WIDTH, bias=False)
        self.scale = nn.Parameter(torch.tensor(2.3))
        self.heads = nn.ModuleDict(
            {name: nn.Linear(arch.TEXT_WIDTH, len(table) + 1) for name, table in world.ATTRIBUTES.items()}
        )

    def contrast(self, sentences, pictures):
        """CLIP's symmetric cross-entropy between [n,128] and [n,128]."""
        texts = F.normalize(self.projection(sentences), dim=1)
        alike = self.scale.clamp_max(4).exp() * texts @ F.normalize(pictures, dim=1).T
        own = torch.arange(len(alike), device=alike.device)
        return (F.cross_entropy(alike, own) + F.cross_entropy(alike.T, own)) / 2

    def attributes(self, sentences, said):
        return sum(F.cross_entropy(head(sentences), said[name]) for name, head in self.heads.items()) / len(self.heads)


class Writer:
    """Writes and tokenizes captions for scenes."""

    def __init__(self, place: train.Place, seed: int):
        self.tokenizer = CLIPTokenizer.from_pretrained(place.work / "tokenizer")
        self.dice = random.Random(seed)

    def ids(self, texts: list[str]) -> torch.Tensor:
        """int64 [n,77], padded with the end token."""
        padded = self.tokenizer(texts, padding="max_length", truncation=True, max_length=arch.TEXT_LENGTH)
        return torch.tensor(padded["input_ids"])

    def captions(self, scenes: dict) -> tuple[list[str], dict[str, torch.Tensor]]:
        """A caption for each scene, and what it says: {attribute: int64 [n]}, one past the table where unsaid."""
        texts, said = [], {name: [] for name in world.ATTRIBUTES}
        for i in range(len(scenes["subject"])):
            words = captions.mention(world.names(scenes, i), self.dice)
            texts.append(captions.write(words, self.dice))
            for name, table in world.ATTRIBUTES.items():
                said[name].append(table.index(words[name]) if name in words else len(table))
        return texts, {name: torch.tensor(column) for name, column in said.items()}


def sentences(hidden: torch.Tensor, ids: torch.Tensor, end: int) -> torch.Tensor:
    """The states [n,77,128] at one random position from the first end token on: [n,128]."""
    first = (ids == end).int().argmax(1)
    span = ids.shape[1] - first
    at = first + (torch.rand(len(ids), device=ids.device) * span).long()
    return hidden[torch.arange(len(ids), device=ids.device), at]


def new_tower(place: train.Place):
    """An untrained text tower for the tokenizer in the work folder, which is written if it is not there."""
    folder = place.work / "tokenizer"
    if place.leads and not folder.exists():
        vocabulary.write(folder)
    tokens = len(CLIPTokenizer.from_pretrained(folder))
    return arch.text_encoder(tokens, tokens - 1)


def fit(place: train.Place, budget: train.Budget, batch: int = 48) -> None:
    torch.manual_seed(40 + place.rank)
    painted = data.load(place, "pictures")
    writer = Writer(place, seed=40 + place.rank)
    text, pictures, agreement = (m.to(place.device) for m in (new_tower(place), PictureTower(), Agreement()))
    if (place.work / "clip.pt").exists():
        kept = train.load(place.work / "clip.pt", place.device)
        for name, module in {"text": text, "pictures": pictures, "agreement": agreement}.items():
            train.take_up(module, kept[name])
    elif place.start:  # the text tower as it became with the UNet
        train.take_up(text, train.load(place.start / "unet.pt", place.device)["average"]["text"])
        train.take_up(pictures, train.load(place.start / "clip.pt", place.device)["pictures"])
    optimiser = train.Optimiser({text: 1e-3, pictures: 2e-3, agreement: 2e-3}, budget, place)
    while optimiser.going():
        even = 2 * torch.randint(len(painted["pictures"]) // 2, (batch // 2,))
        rows = torch.cat([even, even + 1])  # scenes and their twins: hard negatives
        texts, said = writer.captions({k: column[rows] for k, column in painted["scenes"].items()})
        ids = writer.ids(texts).to(place.device)
        said = {k: column.to(place.device) for k, column in said.items()}
        with train.half_precision(place):
            hidden = text(input_ids=ids).last_hidden_state.float()
            seen = pictures(data.unit(painted["pictures"][rows], place.device)).float()
        read = sentences(hidden, ids, text.config.eos_token_id)
        contrast, attributes = agreement.contrast(read, seen), agreement.attributes(read, said)
        optimiser.step(contrast + attributes)
        if place.leads and optimiser.steps % 50 == 0:
            print(f"clip step {optimiser.steps} {optimiser.minutes():.1f} min contrast {contrast.item():.3f} "
                  f"attributes {attributes.item():.4f}", flush=True)
    if place.leads:
        weights = {"text": text, "pictures": pictures, "agreement": agreement}
        train.save({name: module.state_dict() for name, module in weights.items()}, place.work / "clip.pt")


def load(place: train.Place):
    """(text tower, picture tower, agreement) as trained here."""
    kept = train.load(place.work / "clip.pt", place.device)
    modules = {"text": new_tower(place), "pictures": PictureTower(), "agreement": Agreement()}
    for name, module in modules.items():
        module.load_state_dict(kept[name])
        module.to(place.device)
    return tuple(modules.values())
