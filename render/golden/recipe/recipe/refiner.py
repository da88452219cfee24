"""Records what diffusers makes with SDXL's refiner alone: start pictures and masks at several strengths, with and without a
negative prompt, whose aesthetic score is another than the prompt's.
"""

import inspect

import torch

from . import checkpointrecords, checkpoints, starts, walks
from .store import Store

STEPS = 10


def cases():
    """What is given, sampler, strength, guidance, negative prompt."""
    for strength in (0.3, 0.7, 1):
        yield starts.IMAGE, "euler", strength, 5, "clouds, rain"
    yield starts.IMAGE, "dpmpp_2m_karras", 0.7, 5, "clouds, rain"
    yield starts.IMAGE, "euler", 0.7, 5, ""  # which is encoded: its model_index.json forces no zeros
    yield starts.IMAGE, "euler", 0.7, 1, "clouds, rain"  # which does not count
    yield starts.MASK, "euler", 0.7, 5, "clouds, rain"


def around(pipe, given: str):
    """The pipeline for what is given around the parts of another."""
    kind = starts.XL[given]
    takes = inspect.signature(kind.__init__).parameters
    parts = {k: v for k, v in pipe.components.items() if k in takes}
    out = kind(**parts, requires_aesthetics_score=True, force_zeros_for_empty_prompt=False)
    out.folder_schedule = pipe.folder_schedule
    out.set_progress_bar_config(disable=True)
    return out


@torch.no_grad()
def record(work, testdata) -> None:
    book, store = checkpoints.library(checkpoints.used_tokens(work)), Store()
    pipe = checkpointrecords.load(book, "refiner", work)
    for given, sampler, strength, guidance, negative in cases():
        whole = around(pipe, given)
        whole.scheduler, _ = walks.scheduler(whole, sampler)
        latents = starts.paint(whole, given, sampler, STEPS, guidance, strength, negative)
        store.cases.append(dict(given=given, sampler=sampler, steps=STEPS, strength=strength, guidance=guidance,
                                negative=negative, latents=store.numbers(latents[0])))
    (work / "files" / "refiner.safetensors").unlink()
    store.save(testdata / "records", "refiner")
