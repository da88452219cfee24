"""Records diffusers' own pipelines with each of its schedulers."""

import diffusers
import torch
from diffusers.schedulers import AysSchedules

from . import reference
from .store import Store

SOLVER, SINGLE = diffusers.DPMSolverMultistepScheduler, diffusers.DPMSolverSinglestepScheduler
SDE = dict(algorithm_type="sde-dpmsolver++")
KINDS = {
    "ddim": (diffusers.DDIMScheduler, {}),
    "ddpm": (diffusers.DDPMScheduler, {}),
    "dpm2": (diffusers.KDPM2DiscreteScheduler, {}),
    "dpm2_a": (diffusers.KDPM2AncestralDiscreteScheduler, {}),
    "dpmpp_2m": (SOLVER, {}),
    "dpmpp_2m_sde": (SOLVER, SDE),
    "dpmpp_2s": (SINGLE, {}),
    "dpmpp_3m": (SOLVER, dict(solver_order=3)),
    "dpmpp_3m_sde": (SOLVER, SDE | dict(solver_order=3)),
    "dpmpp_sde": (diffusers.DPMSolverSDEScheduler, dict(noise_sampler_seed=reference.SEED)),
    "euler": (diffusers.EulerDiscreteScheduler, {}),
    "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
    "heun": (diffusers.HeunDiscreteScheduler, {}),
    "lcm": (diffusers.LCMScheduler, {}),
    "lms": (diffusers.LMSDiscreteScheduler, {}),
    "pndm": (diffusers.PNDMScheduler, {}),
    "tcd": (diffusers.TCDScheduler, {}),
    "unipc": (diffusers.UniPCMultistepScheduler, {}),
}
SPREADS = {
    "karras": dict(use_karras_sigmas=True), "exponential": dict(use_exponential_sigmas=True),
    "beta": dict(use_beta_sigmas=True), "lu": dict(use_lu_lambdas=True), "ays": {},
}
SPREAD = ("dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_2s", "dpmpp_3m", "dpmpp_3m_sde", "dpmpp_sde", "euler",
          "heun", "lms", "unipc")
LU = ("dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m", "dpmpp_3m_sde")
ALIGNED = ("euler", "heun", "dpmpp_2m", "dpmpp_2m_sde")


def names():
    yield from KINDS
    for name in SPREAD:
        yield from (f"{name}_{spread}" for spread in ("karras", "exponential", "beta"))
    yield from (f"{name}_lu" for name in LU)
    yield from (f"{name}_ays" for name in ALIGNED)


def fits(sampler: str, model: str) -> bool:
    """Models distilled to few steps have schedulers of their own, and those are for no others."""
    return (sampler in ("lcm", "tcd")) == model.startswith("lcm")


def scheduler(pipe, name: str):
    base, _, spread = name.rpartition("_")
    if spread not in SPREADS:
        base, spread = name, ""
    kind, own = KINDS[base]
    return kind.from_config(pipe.folder_schedule, **own, **SPREADS.get(spread, {})), spread


def walk(pipe, name: str, steps: int, guidance: float, **more):
    """One picture: its finished latents, its bytes, and what the UNet was asked on the way."""
    pipe.scheduler, spread = scheduler(pipe, name)
    if spread == "ays":
        if steps != 10:
            return None
        table = "StableDiffusionXLTimesteps" if "XL" in type(pipe).__name__ else "StableDiffusionTimesteps"
        more["timesteps"] = AysSchedules[table]
    if name == "tcd":
        more["eta"] = 0.3  # what its class has of itself, and all of its examples say; the pipeline's own would be 0
    calls = reference.Calls(pipe.unet)
    try:
        latents = pipe(
            reference.PROMPT, negative_prompt=reference.NEGATIVE, num_inference_steps=steps, guidance_scale=guidance,
            height=reference.SIDE, width=reference.SIDE, output_type="latent",
            generator=torch.Generator().manual_seed(reference.SEED), **more,
        ).images
    finally:
        seen = calls.close()
    return latents[0], decode(pipe, latents), seen


def decode(pipe, latents):
    pixels = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    picture = pipe.image_processor.postprocess(pixels.detach(), output_type="pil")[0]
    return torch.tensor(list(picture.getdata()), dtype=torch.uint8).reshape(reference.SIDE, reference.SIDE, 3)


def settings(name: str):
    """Steps and guidance scales. In float16 a part of them: the weights differ, the samplers do not."""
    if name.endswith(reference.HALF):
        return [(4, g) for g in reference.GUIDANCES] + [(20, reference.GUIDANCES[-1])]
    return [(steps, g) for steps in reference.STEPS for g in reference.GUIDANCES]


@torch.no_grad()
def record(work, folder, name: str) -> None:
    pipe = reference.load(work, name)
    pipe.folder_schedule = dict(pipe.scheduler.config)
    if name.startswith("lcm"):  # whose own pipeline takes no schedulers but its own two
        pipe = widen(pipe)
    store = Store()
    for sampler in filter(lambda s: fits(s, name), names()):
        for steps, guidance in settings(name):
            case = dict(sampler=sampler, steps=steps, guidance=guidance)
            try:
                done = walk(pipe, sampler, steps, guidance)
                if done is None:
                    continue
                latents, picture, calls = done
                case["latents"] = store.numbers(latents)
            except Exception as problem:  # then the reference cannot, and says why
                case["refused"] = f"{type(problem).__name__}: {problem}"[:200]
                store.cases.append(case)
                continue
            case["pixels"] = reference.sample_pixels(picture, len(store.cases))
            if steps == 4 and guidance > 1 and not name.endswith(reference.HALF):
                case["calls"] = reference.keep_calls(store, calls)
            store.cases.append(case)
    store.save(folder, f"{name}.diffusers")


def widen(pipe):
    """The general pipeline around an LCM's parts; it takes the guidance scale the same way."""
    parts = {k: v for k, v in pipe.components.items() if k not in ("image_encoder",)}
    wide = diffusers.StableDiffusionPipeline(**parts, requires_safety_checker=False)
    wide.set_progress_bar_config(disable=True)
    wide.folder_schedule = pipe.folder_schedule
    return wide
