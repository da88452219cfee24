"""Records what prompts become: ids, hidden states, pooled vectors, in both dialects."""

import torch

from . import emphasis, reference
from .store import Store

MODELS = ("sd1", "sd2v", "sdxl")
LONG = ", ".join(["a red boat on a blue sea", "two green trees", "the old white house by the lake", "a big yellow sun"] * 4)
PLAIN = (  # prompt, layers skipped
    (reference.PROMPT, 0), ("", 0), ("Dalí's café, 2023", 0), (reference.PROMPT, 1), ("wow!!! what a boat! a sea", 0),
)
WEIGHED = (  # prompt, A1111's clip skip, whether the mean is restored
    ("a (red:1.3) boat on a [blue] sea", 1, True),
    ("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", 1, True),
    ("a (red:1.3) boat on a [blue] sea", 1, False),
    ("a (red:1.3) boat", 2, True),
    ("a red boat BREAK a (blue sea", 1, True),
    (LONG, 1, True),
)
FILLER = "(wow!:1.3) <|endoftext|> what a [boat!!!] sea!"  # for those who fill a chunk up with "!"


def plain(pipe, prompt: str, skip: int, negative=None):
    """What diffusers' own pipeline makes of a prompt."""
    more = dict(clip_skip=skip) if skip else {}
    if hasattr(pipe, "text_encoder_2"):
        with_, without, pooled, pooled_without = pipe.encode_prompt(
            prompt, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True, negative_prompt=negative, **more)
        return with_, without, pooled, pooled_without
    with_, without = pipe.encode_prompt(prompt, "cpu", 1, True, negative_prompt=negative, **more)
    return with_, without, None, None


def ids(pipe, prompt: str) -> list:
    """What the first text encoder is given, and what the second is."""
    tokenizers = [pipe.tokenizer] + ([pipe.tokenizer_2] if hasattr(pipe, "text_encoder_2") else [])
    return sum((t(prompt, padding="max_length", max_length=77, truncation=True).input_ids for t in tokenizers), [])


@torch.no_grad()
def record(work, folder) -> None:
    store = Store()
    for name in MODELS:
        pipe = reference.load(work, name)

        def keep(dialect, hidden, pooled, **facts):
            case = dict(model=name, dialect=dialect, hidden=store.numbers(hidden), **facts)
            if pooled is not None:
                case["pooled"] = store.numbers(pooled)
            store.cases.append(case)

        for prompt, skip in PLAIN:
            hidden, _, pooled, _ = plain(pipe, prompt, skip)
            keep("diffusers", hidden, pooled, prompt=prompt, skip=skip + 1, ids=[ids(pipe, prompt)])
        _, hidden, _, pooled = plain(pipe, reference.PROMPT, 0)
        keep("diffusers", hidden, pooled, prompt=reference.PROMPT, negative=True, skip=1)
        for prompt, skip, norm in WEIGHED + (((FILLER, 1, True),) if name != "sd1" else ()):
            said = emphasis.condition(pipe, prompt, skip, norm)
            keep("a1111", said["hidden"], said["pooled"], prompt=prompt, skip=skip, nonorm=not norm, ids=said["ids"])
        said = emphasis.condition(pipe, "")
        if said["pooled"] is not None:  # SDXL without a negative prompt is led by zeros
            said = {k: v * 0 if torch.is_tensor(v) else v for k, v in said.items()}
        keep("a1111", said["hidden"], said["pooled"], prompt=reference.PROMPT, negative=True, skip=1)
    store.save(folder, "text")
