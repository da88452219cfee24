"""A textual inversion: new rows of the text tower's embedding table that name the subject no caption ever named.

The file holds `emb_params` [n,128]; its stem is the word that stands for them. The rows stand one after the other where
the word stood. The first half learns with the base model's own loss, which gives a kite's outline and colour, but in the
harder styles and sizes a balloon's. The second begins as a copy of the first and learns with the loss of the guided
prediction, as the sampler sees it. A quarter of that is kept: behind the first half it settles what the first leaves open,
and all of it would silence the words for style and setting.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from . import addons, arch, probe, report, train, world

NAME, SUBJECT = world.HIDDEN, world.HIDDEN
ROWS = 8  # of each half
GUIDED = 3.0  # the guidance of the second half's loss
KEPT = 0.25  # of what the second half has learnt, chosen by other captions than those that judge
HARD = 250, 300  # the lowest timestep of each half: what is below is detail


class Word(nn.Module):
    """The rows, and the hook that puts them into the embeddings of a text tower."""

    def __init__(self, rows: torch.Tensor):
        super().__init__()
        self.emb_params = nn.Parameter(rows)
        self.slots = None  # int64 [n,77]: which row stands at a position, or -1

    def forward(self, module, inputs, output):
        """The hook on the token embedding's output."""
        if self.slots is None:
            return output
        slots = self.slots.to(output.device)
        return torch.where((slots >= 0)[..., None], self.emb_params[slots.clamp_min(0)].to(output.dtype), output)


class Encoder:
    """Captions -> padded ids, remembering in the word where its rows stand; also the tokenizer of a model that draws."""

    def __init__(self, tokenizer, word: Word, name: str):
        self.tokenizer, self.word, self.name = tokenizer, word, name

    def __call__(self, texts: list[str], **_) -> torch.Tensor:
        ids, slots = [], []
        for text in texts:
            row, at = [self.tokenizer.bos_token_id], [-1]
            for i, part in enumerate(text.split(self.name)):
                if i:
                    row += [0] * len(self.word.emb_params)
                    at += range(len(self.word.emb_params))
                if part.strip():
                    known = self.tokenizer(part, add_special_tokens=False)["input_ids"]
                    row += known
                    at += [-1] * len(known)
            row, at = row[: arch.TEXT_LENGTH - 1], at[: arch.TEXT_LENGTH - 1]
            rest = arch.TEXT_LENGTH - len(row)
            ids.append(row + [self.tokenizer.eos_token_id] * rest)
            slots.append(at + [-1] * rest)
        self.word.slots = torch.tensor(slots)
        return torch.tensor(ids)


def embedding(text) -> nn.Embedding:
    return next(module for name, module in text.named_modules() if name.endswith("token_embedding"))


def first_rows(tokenizer, text) -> torch.Tensor:
    """Where the search begins: the mean of the subjects' rows, a little apart."""
    table = embedding(text).weight.detach()
    names = [tokenizer(name, add_special_tokens=False)["input_ids"][0] for name in list(world.SUBJECTS)[: world.KNOWN_SUBJECTS]]
    rows = table[names]
    return rows.mean(0) + 0.3 * rows.std() * torch.randn(ROWS, table.shape[1], device=table.device)


def fit(place: train.Place, budget: train.Budget, count: int, folder: Path) -> Path:
    """Trains the rows on `count` painted pictures of the hidden subject, whose captions use the new word. Three fifths of the
    minutes go to the first half, which begins with the first half of a file that is there."""
    group = addons.lesson(place, "inversion", count, 182, simple=0.0, subject=world.ATTRIBUTES["subject"].index(SUBJECT))
    base, path = addons.Base(place), folder / f"{NAME}.safetensors"
    torch.manual_seed(82)
    rows = load_file(path)["emb_params"].float()[:ROWS] if path.exists() else first_rows(base.model.tokenizer, base.text)
    halves = []
    for part, guidance, rate, low in ((0.6, 1.0, 2e-2, HARD[0]), (0.4, GUIDED, 1.5e-2, HARD[1])):
        word = Word(rows).to(place.device)
        hook = embedding(base.text).register_forward_hook(word)
        share = train.Budget(max(1, round(budget.steps * part)), budget.minutes * part)
        rows = addons.teach(base, word, group, share, rate, Encoder(base.model.tokenizer, word, NAME), NAME,
                            guidance=guidance, low=low)["emb_params"]
        hook.remove()
        halves.append(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(addons.half({"emb_params": torch.cat([halves[0], torch.lerp(*halves, KEPT)])}), path, {"name": NAME, "sd_checkpoint_name": "postcards"})
    return path


class Dressed:
    """A model whose prompts know the word in a file."""

    def __init__(self, model, path: Path):
        self.inner, self.device, self.decode, self.velocity = model, model.device, model.decode, model.velocity
        self.word = Word(load_file(path)["emb_params"].float()).to(model.device)
        self.hook = embedding(model.text).register_forward_hook(self.word)
        encoder = Encoder(model.tokenizer, self.word, path.stem)
        self.tokenizer = lambda texts, **_: {"input_ids": encoder(texts).tolist()}
        self.words = model.words


def judge(place: train.Place, path: Path, count: int) -> dict:
    """How often the subject shows when the word is used, with the file and without it."""
    reader, written = probe.load(place), [row["caption"] for row in report.held_out("kite")[:count]]
    base = addons.Base(place)
    plain = addons.sketch(place, base.model, written, seed=8_700)
    dressed = addons.sketch(place, Dressed(base.model, path), written, seed=8_700)
    row = addons.verdict(path, f"a subject: the {SUBJECT}", count,
                         *(addons.seen(reader, p, "subject", SUBJECT) for p in (dressed, plain)))
    return {"row": row, "sheet": dressed}
