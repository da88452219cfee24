"""Records what no walk from nothing tells: pictures that begin with a picture, masks around every kind of model, edges that
fit each other, and folders whose scheduler says what old ones do. diffusers' own pipelines; A1111's steps retold around
k-diffusion and A1111's files.
"""

import inspect

import diffusers
import numpy
import torch
from PIL import Image

from . import reference, walks
from .store import Store

IMAGE, MASK = "image", "mask"
SD = {"": diffusers.StableDiffusionPipeline, IMAGE: diffusers.StableDiffusionImg2ImgPipeline, MASK: diffusers.StableDiffusionInpaintPipeline}
XL = {"": diffusers.StableDiffusionXLPipeline, IMAGE: diffusers.StableDiffusionXLImg2ImgPipeline, MASK: diffusers.StableDiffusionXLInpaintPipeline}
LCM = SD | {IMAGE: diffusers.LatentConsistencyModelImg2ImgPipeline}
KINDS = {"sdxl": XL, "lcm": LCM}
PRK, OLD, SILENT = dict(skip_prk_steps=False), dict(steps_offset=0), dict(set_alpha_to_one=None)
SHORT, LINEAR = dict(num_train_timesteps=500), dict(beta_schedule="linear", beta_start=0.0001, beta_end=0.02)


def cases():
    """model, what is given, sampler, steps, strength, and what the folder's scheduler says otherwise."""
    for steps in (4, 10, 20):
        yield "sd1", "", "pndm", steps, 1, PRK
    yield "sd2v", "", "pndm", 10, 1, PRK
    yield "sdxl", "", "pndm", 10, 1, PRK
    yield "sd1", IMAGE, "pndm", 20, 0.6, PRK
    for model in ("sd1", "inpaint", "sdxl"):  # the last of them does not insist on skip_prk_steps
        yield model, MASK, "pndm", 10, 1, PRK
    for model, sampler in (("sd1", "ddim"), ("sd1", "pndm"), ("sdxl", "ddim"), ("sdxl", "euler")):
        yield model, "", sampler, 4, 1, OLD
    for model, sampler in (("sd1", "ddim"), ("sd1", "euler_a"), ("sd1", "dpmpp_2m"), ("sd2v", "ddim"), ("sdxl", "euler"), ("sdxl", "dpmpp_2m")):
        yield model, IMAGE, sampler, 6, 0.7, {}
    for model in ("sd1", "inpaint", "sdxl"):
        for strength in (0.7, 1):
            yield model, MASK, "euler_a", 6, strength, {}
    for sampler in ("lcm", "tcd"):
        for strength in (0.7, 1):
            yield "lcm", MASK, sampler, 6, strength, {}
    for strength in (0.5, 0.9):
        yield "lcm", IMAGE, "lcm", 4, strength, {}
    for sampler in ("heun", "dpm2", "dpm2_a", "dpmpp_sde", "dpmpp_sde_karras", "dpmpp_sde_exponential"):  # two calls a step
        for strength in (0.5, 1):
            yield "sd1", MASK, sampler, 6, strength, {}
    yield "sdxl", MASK, "dpmpp_sde_karras", 6, 0.7, {}
    for sampler in ("pndm", "ddim"):  # whose classes' own defaults differ
        for model, given, strength in (("sd1", "", 1), ("sd1", IMAGE, 0.6), ("sd1", MASK, 0.7), ("sdxl", "", 1), ("inpaint", MASK, 1)):
            yield model, given, sampler, 8, strength, SILENT
    yield "sd1", "", "pndm", 8, 1, PRK | SILENT
    for sampler in ("dpmpp_2m_exponential", "dpmpp_2m_karras", "dpmpp_2m", "euler", "lms_karras"):
        yield "sd1", "", sampler, 23, 1, LINEAR | SHORT
    yield "sd1", "", "dpmpp_2m_exponential", 10, 1, LINEAR


def picture():
    x, y = numpy.meshgrid(numpy.arange(reference.SIDE), numpy.arange(reference.SIDE))
    return Image.fromarray(numpy.stack([x * 4 % 256, y * 5 % 256, (x + y) * 2 % 256], axis=-1).astype(numpy.uint8))


def mask():
    pixels = numpy.zeros((reference.SIDE, reference.SIDE), dtype=numpy.uint8)
    pixels[10:36, 20:50] = 255
    return Image.fromarray(pixels)


def assemble(pipe, model: str, given: str, sampler: str, says: dict):
    """The pipeline for what is given around the parts of another, with the folder's scheduler, as it insists on it."""
    kind = KINDS.get(model, SD)[given]
    takes = inspect.signature(kind.__init__).parameters
    parts = {k: v for k, v in pipe.components.items() if k in takes}
    schedule = {k: v for k, v in (pipe.folder_schedule | says).items() if v is not None or k not in says}
    parts["scheduler"] = type(pipe.folder_scheduler).from_config(schedule)
    if "requires_safety_checker" in takes:
        parts["requires_safety_checker"] = False
    out = kind(**parts)
    out.folder_schedule = dict(out.scheduler.config)
    out.scheduler, _ = walks.scheduler(out, sampler)
    out.set_progress_bar_config(disable=True)
    return out


def paint(pipe, given: str, sampler: str, steps: int, guidance: float, strength: float, negative=reference.NEGATIVE):
    more = dict(image=picture(), strength=strength) if given else {}
    if given == MASK:
        more["mask_image"] = mask()
    takes = inspect.signature(pipe.__call__).parameters
    if "height" in takes:
        more |= dict(height=reference.SIDE, width=reference.SIDE)
    if "negative_prompt" in takes:
        more["negative_prompt"] = negative
    if sampler == "tcd":
        more["eta"] = 0.3
    return pipe(reference.PROMPT, num_inference_steps=steps, guidance_scale=guidance, output_type="latent",
                generator=torch.Generator().manual_seed(reference.SEED), **more).images


def wrap(pipe) -> None:
    """What A1111 does for pictures whose edges fit each other, to all convolutions of a model."""
    for part in (pipe.unet, pipe.vae):
        for layer in part.modules():
            if type(layer) is torch.nn.Conv2d:
                layer.padding_mode = "circular"


def load(work, name: str):
    pipe = reference.load(work, name)
    pipe.folder_scheduler, pipe.folder_schedule = pipe.scheduler, dict(pipe.scheduler.config)
    return pipe


@torch.no_grad()
def record(work, folder, checkout) -> None:
    store, pipes = Store(), {}
    for model, given, sampler, steps, strength, says in cases():
        if model not in pipes:
            pipes[model] = load(work, model)
        whole = assemble(pipes[model], model, given, sampler, says)
        latents = paint(whole, given, sampler, steps, 7.5, strength)
        keep(store, latents, model=model, dialect="diffusers", given=given, sampler=sampler, steps=steps, strength=strength, says=says)
    seamless(store, work)
    webui(store, work, checkout)
    store.save(folder, "starts")


def keep(store, latents, **case) -> None:
    print({k: v for k, v in case.items()}, flush=True)
    store.cases.append(case | dict(guidance=7.5, latents=store.numbers(latents[0])))


def seamless(store, work) -> None:
    pipe = load(work, "sd1")
    wrap(pipe)
    for given, strength in (("", 1), (IMAGE, 0.7)):
        latents = paint(assemble(pipe, "sd1", given, "ddim", {}), given, "ddim", 6, 7.5, strength)
        keep(store, latents, model="sd1", dialect="diffusers", given=given, sampler="ddim", steps=6, strength=strength, says={}, tiling=True)


def soft(grey, sigma=4):
    """OpenCV's GaussianBlur as A1111 calls it, once along each side."""
    reach = int(2.5 * sigma + 0.5)
    kernel = numpy.exp(-numpy.arange(-reach, reach + 1) ** 2 / (2 * sigma**2))
    kernel /= kernel.sum()
    pixels = numpy.asarray(grey, dtype=numpy.float64)
    for axis in (1, 0):
        wide = numpy.pad(pixels, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="reflect")
        pixels = sum(k * numpy.take(wide, numpy.arange(i, i + pixels.shape[axis]), axis) for i, k in enumerate(kernel)).round()
    return Image.fromarray(pixels.astype(numpy.uint8))


def webui(store, work, checkout) -> None:
    """A1111's img2img. Its encoder's draw is taken from torch's common generator, which nobody seeds before it, so that no
    two of its pictures agree; the mean is what they have in common."""
    from . import webui as a1111

    pipes = {name: load(work, name) for name in ("sd1", "lcm", "sdxl")}
    around = load(work, "sd1")
    wrap(around)
    kit = a1111.modules(checkout)
    small = numpy.asarray(soft(mask()).convert("RGB").resize((8, 8)), dtype=numpy.float32)[:, :, 0] / 255
    where = {MASK: torch.tensor(numpy.around(small)), IMAGE: torch.ones(8, 8)}
    for name, given, sampler, tiling in (("sd1", IMAGE, "euler", False), ("sdxl", IMAGE, "euler", False), ("sd1", MASK, "euler", False),
                                         ("lcm", IMAGE, "lcm", False), ("lcm", MASK, "lcm", False), ("sd1", IMAGE, "euler", True)):
        pipe = around if tiling else pipes[name]
        latents = retold(a1111, kit, pipe, sampler, 6, 7.5, 0.7, where[given])
        keep(store, latents, model=name, dialect="a1111", given=given, sampler=sampler, steps=6, strength=0.7, says={}, tiling=tiling)


def retold(a1111, kit, pipe, sampler: str, steps: int, guidance: float, strength: float, where):
    source = kit.rng.ImageRNG((4, reference.SIDE // 8, reference.SIDE // 8), [reference.SEED])
    kit.kd.sampling.torch = a1111.Torch(source)
    model, cond = a1111.Model(pipe), a1111.both(pipe)
    pixels = torch.tensor(numpy.asarray(picture(), dtype=numpy.float32).transpose(2, 0, 1)[None] / 255 * 2 - 1)
    start = pipe.vae.encode(pixels).latent_dist.mode() * pipe.vae.config.scaling_factor
    if sampler == "lcm":
        denoiser = kit.lcm.LCMCompVisDenoiser(model)
        levels, model.scale = denoiser.get_sigmas(steps), guidance
        guided = lambda x, sigma, **_: denoiser(x, sigma, cond={k: v[:1] for k, v in cond.items()})
        run = kit.lcm.sample_lcm
    else:
        denoiser = kit.kd.external.CompVisDenoiser(model, quantize=False)
        levels, guided = a1111.levels(kit, denoiser, "", steps, False), a1111.Guided(denoiser, cond, guidance)
        run = getattr(kit.kd.sampling, "sample_" + sampler)
    levels = levels[steps - int(min(strength, 0.999) * steps) - 1:]

    def masked(x, sigma, **more):
        return guided(x, sigma, **more) * where + start * (1 - where)

    x = run(masked, start + source.next() * levels[0], levels, disable=True)
    return x * where + start * (1 - where)
