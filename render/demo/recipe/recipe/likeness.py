"""How well the two towers of a model folder find each other: words for pictures, pictures for captions.

Everything is read off the files as they are shipped, by ONNX Runtime, and off pixels alone: no question knows what a
picture shows.
"""

import json
from pathlib import Path

import onnxruntime
import torch
import torch.nn.functional as F
from transformers import CLIPTokenizer

from . import arch, card, generate, painted, report, train, world

ASKED = {  # attribute: the texts of which the nearest one names it; {subject} is the word found first
    "subject": "a picture of a {}", "colour": "a picture of a {} {subject}", "setting": "a picture of a {subject}, {}",
    "light": "a picture of a {subject}, {}", "style": "{}, a {subject}",
}
LINE_UP = 50  # pictures among which a caption must find its own, and captions among which a picture must


class Towers:
    """The text encoder and the image encoder of a model folder."""

    def __init__(self, folder: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = train.cores()
        part = lambda name: onnxruntime.InferenceSession(str(folder / name / "model.onnx"), options)
        self.text, self.image = part("text_encoder"), part("image_encoder")
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")

    def read(self, texts: list[str]) -> torch.Tensor:
        """Unit vectors [n,128]."""
        padded = self.tokenizer(texts, padding="max_length", truncation=True, max_length=arch.TEXT_LENGTH, return_tensors="np")
        vectors = self.text.run(["text_embeds"], {"input_ids": padded["input_ids"].astype("int64")})[0]
        return F.normalize(torch.from_numpy(vectors), dim=1)

    def look(self, pictures: torch.Tensor) -> torch.Tensor:
        """Unit vectors [n,128] of pictures in -1..1."""
        parts = [self.image.run(["image_embeds"], {"pixel_values": part.numpy()})[0] for part in pictures.split(100)]
        return F.normalize(torch.cat([torch.from_numpy(part) for part in parts]), dim=1)


def words(name: str) -> list[str]:
    return [word for word in world.ATTRIBUTES[name] if word not in (world.HIDDEN, world.UNSEEN)]


def nearest(towers: Towers, seen: torch.Tensor, name: str, subjects: list[str]) -> list[str]:
    """For each vector [n,128] the word whose text is nearest, the subjects being what was found before."""
    table, found = words(name), []
    read = {subject: towers.read([ASKED[name].format(word, subject=subject) for word in table]) for subject in sorted(set(subjects))}
    for vector, subject in zip(seen, subjects):
        found.append(table[int((read[subject] @ vector).argmax())])
    return found


def described(towers: Towers, seen: torch.Tensor) -> dict[str, list[str]]:
    """Each attribute's word for each vector; the subject is found first, and the others are asked of it."""
    subjects = nearest(towers, seen, "subject", [""] * len(seen))
    return {"subject": subjects} | {name: nearest(towers, seen, name, subjects) for name in ASKED if name != "subject"}


def judge(place: train.Place, folder: Path, count: int) -> dict:
    """On the held-out painted pictures after JPEG, and on pictures that the model draws."""
    towers = Towers(folder)
    pictures, rows = painted.load(place.pixels, place.zoom, count)
    seen, told = towers.look(pictures), towers.read([row["caption"] for row in rows])
    found = described(towers, seen)
    right = {name: [] for name in ASKED}
    for i, row in enumerate(rows):
        for name in ASKED:
            if name != "colour" or row["scene"]["colour"] not in world.COLOURLESS.get(row["scene"]["style"], ()):
                right[name].append(found[name][i] == row["scene"][name])
    return {"quality": painted.QUALITY, "describes": {name: report.proportion(hits) for name, hits in right.items()},
            "line_up": LINE_UP, "finds": report.proportion(first(told @ seen.T, LINE_UP)),
            "captions": report.proportion(first(seen @ told.T, LINE_UP)),
            "finds_of_all": report.proportion(first(told @ seen.T, len(rows))),
            "captions_of_all": report.proportion(first(seen @ told.T, len(rows))),
            "drawn": judge_drawn(place, towers, folder, count)}


def first(alike: torch.Tensor, size: int) -> list[bool]:
    """For each row of likenesses [n,n], whether its own column is the highest of those in its line-up of `size`."""
    hits = []
    for at in range(0, len(alike), size):
        block = alike[at : at + size, at : at + size]
        hits += (block.argmax(1) == torch.arange(len(block))).tolist()
    return hits


def judge_drawn(place: train.Place, towers: Towers, folder: Path, count: int) -> dict:
    """On pictures drawn for the held-out captions that ask for one subject: is it named by what they were drawn for?

    Where the model drew something else, or badly, that is the model's fault and counts against the towers all the same.
    """
    asked = [row for row in report.held_out("all") if "subject" in row["asks"] and "second" not in row["asks"]][:count]
    pictures = generate.draw(generate.Folder(folder), [row["caption"] for row in asked], card.STEPS, card.GUIDANCE,
                             size=arch.buckets(place.pixels)[0])
    worn = torch.stack([painted.jpeg((picture + 1) / 2, painted.QUALITY) for picture in pictures]) * 2 - 1
    found = described(towers, towers.look(worn))
    return {name: report.proportion([found[name][i] == row["asks"][name] for i, row in enumerate(asked) if name in row["asks"]])
            for name in ASKED if any(name in row["asks"] for row in asked)}
