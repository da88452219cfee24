"""Walks of the tiny checkpoints with a textual inversion, by diffusers' own loader. Its rows are drawn by a formula."""

import torch

from . import checkpointrecords, checkpoints, formula, reference
from .store import Store

WORD, VECTORS, SCALE = "zqx", 3, 0.7
PROMPTS = ("a red zqx on a blue sea", "zqx, a boat, zqx")
PARTS = {"sd1": {"text_encoder": 768}, "sdxl": {"text_encoder": 768, "text_encoder_2": 1280}}


@torch.no_grad()
def record(work, testdata) -> None:
    book, store = checkpoints.library(checkpoints.used_tokens(work)), Store()
    for family, parts in PARTS.items():
        pipe = checkpointrecords.load(book, family, work)
        vars(pipe.text_encoder).pop("text_model", None)
        for part, width in parts.items():
            rows = formula.values(f"inversion/{part}", (VECTORS, width), SCALE)
            tokenizer = part.replace("text_encoder", "tokenizer")
            pipe.load_textual_inversion(rows, token=WORD, text_encoder=getattr(pipe, part), tokenizer=getattr(pipe, tokenizer))
        for prompt in PROMPTS:
            reference.PROMPT = prompt
            latents, _ = checkpointrecords.walk(pipe, family, "euler")
            store.cases.append(dict(checkpoint=family, prompt=prompt, word=WORD, vectors=VECTORS, scale=SCALE, widths=parts,
                                    out=store.numbers(latents[0])))
            print(family, prompt, float(latents.abs().max()), flush=True)
    store.save(testdata / "records", "inversions")
