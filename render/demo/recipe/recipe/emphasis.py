"""Emphasis: prompts in weighted parts, as in "a (red:1.4) or blue boat", and captions that teach what weights mean.

A weight multiplies the hidden states of its words; then the mean of the whole chunk is restored (A1111's rule; the
program's is in render/clip/condition.go). A UNet that reads the sentence off the padding hardly notices. So some
training captions name two words of which the picture shows one, more often the heavier one.
"""

import math
import re

import torch

from . import arch, world

RIVALRY = 0.3  # the part of captions in which two words shall compete; half of them have no word that can
IDLE = 0.10  # the part of the others in which some word has a weight, which then changes nothing
DECISIVE = 8.0  # log-odds of the heavier word per unit of weight: at 1.4 to 1 it is shown in 24 of 25 pictures
CONTESTED = {"subject": 0.45, "colour": 0.40, "setting": 0.10, "light": 0.05}  # how often each attribute is

SPOKEN = r"\b(?<!falling ){}\b(?! (?:sea|sky|meadow|field|grass|sand|snow|city|falling|is)\b)"  # not the blue of "blue sky"

Parts = list[tuple[str, float]]  # a caption cut into weighted parts


def weight(dice) -> float:
    """Clearly more or clearly less than 1."""
    return round(dice.uniform(1.25, 1.6) if dice.random() < 0.5 else dice.uniform(0.4, 0.75), 2)


def contest(text: str, said: dict[str, str], dice) -> Parts:
    """The caption, now and then with a rival beside one of its words, or with an idle weight."""
    if dice.random() < RIVALRY:
        name = dice.choices(list(CONTESTED), list(CONTESTED.values()))[0]
        found = re.search(SPOKEN.format(said[name]), text) if name in said and "second" not in said else None
        if found:
            rivals = _rivals(said[name], _choice(name, said[name], dice), dice)
            return [(text[: found.start()], 1.0), *rivals, (text[found.end() :], 1.0)]
    if dice.random() < IDLE:
        words = text.split(" ")
        at = dice.randrange(len(words))
        return [(" ".join(words[:at]), 1.0), (words[at], weight(dice)), (" ".join(words[at + 1 :]), 1.0)]
    return [(text, 1.0)]


def _choice(name: str, shown: str, dice) -> str:
    return dice.choice([word for word in world.ATTRIBUTES[name] if word not in ("", shown, world.HIDDEN)])


def _rivals(shown: str, other: str, dice) -> Parts:
    """"red or blue" in either order, weighted so that the heavier word is `shown` as often as DECISIVE says."""
    kind = dice.random()
    if kind < 0.25:
        own = against = 1.0
    elif kind < 0.5:
        own, against = 1.4, 0.6
    else:
        own, against = weight(dice), 1.0
    if dice.random() > 1 / (1 + math.exp(-DECISIVE * (own - against))):
        own, against = against, own
    pair = [(shown, own), (other, against)]
    dice.shuffle(pair)
    return [pair[0], (" or ", 1.0), pair[1]]


def tokens(tokenizer, captions: list[Parts]) -> tuple[torch.Tensor, torch.Tensor]:
    """ids int64 [n,77], padded with the end token, and the weight of each position, float32 [n,77]."""
    rows = []
    for parts in captions:
        row = [(tokenizer.bos_token_id, 1.0)]
        for text, heavy in parts:
            if text.strip():
                row += [(i, heavy) for i in tokenizer(text, add_special_tokens=False)["input_ids"]]
        row = row[: arch.TEXT_LENGTH - 1]
        rows.append(row + [(tokenizer.eos_token_id, 1.0)] * (arch.TEXT_LENGTH - len(row)))
    return torch.tensor([[i for i, _ in row] for row in rows]), torch.tensor([[w for _, w in row] for row in rows])


LIFT = 0.3  # added to every hidden state


@torch.no_grad()
def lift(text, unet, agreement) -> None:
    """Adds a constant to all hidden states, and changes what reads them so that nothing else changes.

    With it a chunk's mean is never near zero, so restoring it is harmless; and a weight changes every word's state along
    one and the same direction, so the UNet need not learn for each word what a weight looks like.
    """
    bias = text.state_dict(keep_vars=True)[next(k for k in text.state_dict() if k.endswith("final_layer_norm.bias"))]
    bias += LIFT
    for name, module in unet.named_modules():
        if name.endswith("attn2"):
            module.to_out[0].bias -= module.to_out[0].weight @ module.to_v.weight.sum(1) * LIFT
    for head in agreement.heads.values():
        head.bias -= head.weight.sum(1) * LIFT


def shorten(hidden: torch.Tensor, ids: torch.Tensor, end: int) -> torch.Tensor:
    """Hidden states [n,77,d] cut after the longest caption's end token.

    Without the padding a UNet learns several times sooner to look at words; with all of it the skill stays.
    """
    return hidden[:, : int((ids != end).sum(1).max()) + 1]


def weigh(hidden: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Hidden states [n,77,d] times weights [n,77], each chunk's mean restored; weights of 1 change nothing."""
    scaled = hidden * weights[..., None]
    restored = scaled * (hidden.mean((1, 2), keepdim=True) / scaled.mean((1, 2), keepdim=True))
    return torch.where((weights == 1).all(1)[:, None, None], hidden, restored)
