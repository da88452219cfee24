"""Records pictures of A1111's own files (a1111.py): prompts of several chunks, edits with weights, start pictures and masks
at several strengths, inpainting models, its hires fix, and settings left to their defaults.
"""

import torch

from . import a1111, reference, starts
from .store import Store
from .text import LONG

LABELS = {
    "ddim": "DDIM", "dpm2": "DPM2", "dpm2_a": "DPM2 a", "dpm_fast": "DPM fast", "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun", "dpmpp_2s_a": "DPM++ 2S a", "dpmpp_3m_sde": "DPM++ 3M SDE", "dpmpp_sde": "DPM++ SDE",
    "euler": "Euler", "euler_a": "Euler a", "heun": "Heun", "lms": "LMS", "plms": "PLMS", "restart": "Restart", "unipc": "UniPC",
}
SCHEDULES = {"karras": "Karras", "exponential": "Exponential", "sgm_uniform": "SGM Uniform", "simple": "Simple", "beta": "Beta"}
AUTOMATIC = {"dpmpp_2m_karras": "DPM++ 2M", "dpmpp_3m_sde_exponential": "DPM++ 3M SDE", "heun": "Heun", "restart_karras": "Restart"}
NONE, IMAGE, MASK = "", starts.IMAGE, starts.MASK

CHUNKS = (  # of different numbers in the prompt, in the negative prompt and in what AND joins
    (LONG, reference.NEGATIVE),
    ("sea BREAK (sky:1.2) BREAK a boat", "fog BREAK rain"),
    ("a boat", "fog BREAK (rain:1.3) BREAK clouds"),
    ("a red boat BREAK sea AND (green trees:1.2) :0.8 AND sun BREAK sky BREAK a hill :1.1", "fog"),
)
EDITS = (
    ("a [(red:1.5)|blue] boat", reference.NEGATIVE),
    ("a [(red:1.5):blue:0.5] boat", "[fog:(rain:1.4):2]"),
    ("a [red:blue BREAK (sky:1.3):3] boat AND [sea|the (old:0.6) house]", "[(fog:1.2)|rain]"),
    ("a [house|(boat:0.7)|sun] on [a (hill:1.4)::0.6] the sea", ""),
)
SDE = ("dpmpp_sde_karras", "dpmpp_2m_sde_karras", "dpmpp_2m_sde_heun_exponential", "dpmpp_3m_sde_exponential", "dpmpp_2m_sde_sgm_uniform")
OTHERS = ("euler", "euler_a", "heun", "lms", "dpm2_a_karras", "dpmpp_2m_karras", "dpmpp_2s_a", "restart_karras", "dpm_fast", "ddim", "plms", "unipc")


def cases():
    """Everything that is recorded, without what `whole` adds."""
    for model in ("sd1", "sd2v", "sdxl"):
        for prompt, negative in CHUNKS + EDITS:
            yield dict(model=model, prompt=prompt, negative=negative, sampler="ddim" if model == "sd2v" else "euler")
    for prompt, negative in EDITS:  # two calls a step
        yield dict(prompt=prompt, negative=negative, sampler="dpm2_a")
        yield dict(prompt=prompt, negative=negative, sampler="dpmpp_sde_karras")
    for given in (IMAGE, MASK):
        for strength in (0.2, 0.4, 0.75, 1):  # in one step most of them fail
            for sampler in SDE:
                yield dict(given=given, sampler=sampler, strength=strength, steps=6)
        for strength in (0.4, 0.75):
            for sampler in OTHERS:
                yield dict(given=given, sampler=sampler, strength=strength, steps=8)
        for model in ("sd2v", "sdxl"):
            yield dict(model=model, given=given, sampler="dpmpp_2m_sde_karras", strength=0.5, steps=6)
    for sampler in ("euler", "dpmpp_2m_karras", "ddim"):
        yield dict(model="inpaint", sampler=sampler)
        yield dict(model="inpaint", sampler=sampler, given=IMAGE, strength=0.6)
        yield dict(model="inpaint", sampler=sampler, given=MASK, strength=0.8)
    for sampler in ("euler", "euler_a", "dpmpp_2m_karras", "dpmpp_2m_sde_exponential", "dpmpp_sde_karras", "dpmpp_3m_sde_karras", "ddim"):
        yield dict(sampler=sampler, hires=dict(scale=2, steps=4, strength=0.7))
    yield dict(sampler="dpmpp_2m_sde_karras", hires=dict(scale=1.5, steps=3, strength=0.4), width=96, prompt=EDITS[0][0])
    yield dict(model="sdxl", sampler="euler", hires=dict(scale=1.5, steps=3, strength=0.5), prompt="a [red:(blue:1.3):1.5] boat")
    for sampler in AUTOMATIC:
        yield dict(sampler=sampler, automatic=True)


def whole(case: dict) -> dict:
    usual = dict(model="sd1", prompt="a (red:1.3) boat on a [blue] sea", negative=reference.NEGATIVE, given=NONE, steps=5, guidance=7.5,
                 strength=1, width=reference.SIDE, height=reference.SIDE)
    return usual | case


def named(case: dict) -> dict:
    """The case with A1111's names of its sampler and schedule."""
    if case.get("automatic"):
        return case | dict(label=AUTOMATIC[case["sampler"]], schedule="Automatic")
    base = max((b for b in LABELS if case["sampler"] == b or case["sampler"].removeprefix(b + "_") in SCHEDULES), key=len)
    return case | dict(label=LABELS[base], schedule=SCHEDULES.get(case["sampler"].removeprefix(base + "_"), "Uniform"))


@torch.no_grad()
def record(work, folder, checkout) -> None:
    pipes = {name: reference.load(work, name) for name in ("sd1", "sd2v", "sdxl", "inpaint")}
    kit, store = a1111.load(checkout), Store()
    models = {name: a1111.Model(kit, pipe, name) for name, pipe in pipes.items()}
    for case in map(whole, cases()):
        picture = starts.picture() if case["given"] else None
        mask = starts.mask() if case["given"] == MASK else None
        print(case, flush=True)
        latents = a1111.run(kit, models[case["model"]], named(case), picture, mask)
        store.cases.append(case | dict(latents=store.numbers(latents[0])))
    store.save(folder, "a1111")
