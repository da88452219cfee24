"""Records A1111's samplers around the same pipelines: k-diffusion's, and A1111's own files for noise, schedules
and samplers of its own, run from a checkout that is no part of this project.
"""

import functools
import importlib.util
import os
import sys
import types

import numpy
import torch

from . import emphasis, reference
from .store import Store

PROMPT = "a (red:1.3) boat on a [blue] sea"


def stub(name: str, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def modules(checkout):
    """k-diffusion without its training parts, and A1111's files around stubs of the rest of it."""
    for name in ("torchdiffeq", "torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
        stub(name, odeint=None)
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    root = os.path.dirname(importlib.util.find_spec("k_diffusion").origin)
    stub("k_diffusion", __path__=[root])
    import k_diffusion.external, k_diffusion.sampling  # noqa: E401
    sys.modules["k_diffusion"].sampling, sys.modules["k_diffusion"].external = k_diffusion.sampling, k_diffusion.external

    options = types.SimpleNamespace(randn_source="NV", eta_noise_seed_delta=0, beta_dist_alpha=0.6, beta_dist_beta=0.6,
                                    uni_pc_variant="bh1", uni_pc_order=3, uni_pc_skip_type="time_uniform",
                                    uni_pc_lower_order_final=True)
    model = types.SimpleNamespace(is_sdxl=False, device="cpu")
    package = stub("modules", __path__=[str(checkout / "modules")])
    package.shared = stub("modules.shared", opts=options, device="cpu", sd_model=model, state=types.SimpleNamespace())
    package.devices = stub("modules.devices", device=torch.device("cpu"), cpu=torch.device("cpu"))
    stub("modules.models", __path__=[str(checkout / "modules/models")])
    stub("modules.models.diffusion", __path__=[])
    stub("modules.models.diffusion.uni_pc", __path__=[str(checkout / "modules/models/diffusion/uni_pc")])
    package.sd_samplers_cfg_denoiser = stub("modules.sd_samplers_cfg_denoiser", CFGDenoiser=object)
    package.sd_samplers_kdiffusion = stub("modules.sd_samplers_kdiffusion", KDiffusionSampler=object)
    package.sd_samplers_common = stub("modules.sd_samplers_common", SamplerData=lambda *a: a)
    from modules import rng, sd_samplers_extra, sd_samplers_lcm, sd_samplers_timesteps_impl, sd_schedulers
    return types.SimpleNamespace(rng=rng, extra=sd_samplers_extra, lcm=sd_samplers_lcm, schedules=sd_schedulers,
                                 strided=sd_samplers_timesteps_impl, shared=package.shared, kd=k_diffusion)


class Torch:
    """k-diffusion's torch, whose noise comes from the picture's own source."""

    def __init__(self, source):
        self.source = source

    def __getattr__(self, name):
        return getattr(torch, name)

    def randn_like(self, x):
        return self.source.next()


class Model:
    """A pipeline's UNet as the model that A1111 wraps."""

    device = "cpu"

    def __init__(self, pipe):
        c = pipe.scheduler.config
        betas = numpy.linspace(c.beta_start ** 0.5, c.beta_end ** 0.5, c.num_train_timesteps, dtype=numpy.float64) ** 2
        bars = torch.tensor(numpy.cumprod(1 - betas), dtype=torch.float32)
        self.alphas_cumprod = zero_terminal(bars) if c.get("rescale_betas_zero_snr") else bars
        self.velocity = c.prediction_type == "v_prediction"
        self.unet, self.wide, self.scale = pipe.unet, hasattr(pipe, "text_encoder_2"), None
        if self.unet.config.time_cond_proj_dim:
            self.embed = lambda scale: pipe.get_guidance_scale_embedding(torch.tensor([scale - 1]), self.unet.config.time_cond_proj_dim)

    def apply_model(self, x, t, cond):
        more = {}
        if self.scale is not None:
            more["timestep_cond"] = self.embed(self.scale)
        if self.wide:
            side = float(reference.SIDE)
            sizes = torch.tensor([[side, side, 0, 0, side, side]]).repeat(len(x), 1)
            more["added_cond_kwargs"] = dict(text_embeds=cond["pooled"], time_ids=sizes)
        return self.unet(x, t, encoder_hidden_states=cond["hidden"], **more).sample


def zero_terminal(bars):
    """A1111's noise schedule "Zero Terminal SNR"."""
    roots = bars.sqrt()
    first, last = roots[0].clone(), roots[-1].clone()
    out = ((roots - last) * (first / (first - last))) ** 2
    out[-1] = 4.8973451890853435e-08
    return out


class Guided(torch.nn.Module):
    """Classifier-free guidance over what a denoiser makes of both prompts."""

    def __init__(self, denoiser, cond, scale):
        super().__init__()
        self.inner_model, self.cond, self.scale = denoiser, cond, scale

    def forward(self, x, sigma, **_):
        sigma = sigma.expand(len(x))  # UniPC says it once
        x, sigma = torch.cat([x, x]), torch.cat([sigma, sigma])
        with_, without = self.inner_model(x, sigma, cond=self.cond).chunk(2)
        return without + (with_ - without) * self.scale


class Strided(torch.nn.Module):
    """What A1111's DDIM and PLMS ask: the noise at a training time."""

    def __init__(self, model):
        super().__init__()
        self.inner_model = model

    def forward(self, x, t, cond):
        out = self.inner_model.apply_model(x, t, cond)
        if not self.inner_model.velocity:
            return out
        bar = self.inner_model.alphas_cumprod[t.to(torch.int)].reshape(-1, 1, 1, 1)
        return bar.sqrt() * out + (1 - bar).sqrt() * x


SAMPLERS = {  # k-diffusion's function, and whether the last level but one is left out
    "dpm2": ("dpm_2", True), "dpm2_a": ("dpm_2_ancestral", True), "dpmpp_2m": ("dpmpp_2m", False),
    "dpmpp_2m_sde": ("dpmpp_2m_sde", False), "dpmpp_2m_sde_heun": ("dpmpp_2m_sde", False),
    "dpmpp_2s_a": ("dpmpp_2s_ancestral", False), "dpmpp_3m_sde": ("dpmpp_3m_sde", True), "dpmpp_sde": ("dpmpp_sde", False),
    "euler": ("euler", False), "euler_a": ("euler_ancestral", False), "heun": ("heun", False), "lms": ("lms", False),
}
SCHEDULES = {
    "": "uniform", "_karras": "karras", "_exponential": "exponential", "_polyexponential": "polyexponential",
    "_sgm_uniform": "sgm_uniform", "_kl_optimal": "kl_optimal", "_ays": "align_your_steps", "_simple": "simple",
    "_ddim": "ddim", "_beta": "beta",
}
OWN = ("ddim", "plms", "unipc", "lcm", "restart", "restart_karras", "dpm_fast", "dpm_adaptive")


def names():
    yield from OWN
    for name in SAMPLERS:
        yield from (name + suffix for suffix in SCHEDULES)


def levels(kit, denoiser, suffix: str, count: int, discard: bool):
    by = kit.schedules.schedulers_map[SCHEDULES[suffix]]
    more = dict(inner_model=denoiser) if by.need_inner_model else {}
    if by.default_rho > 0:
        more["rho"] = by.default_rho
    sigmas = by.function(n=count + discard, sigma_min=denoiser.sigmas[0].item(), sigma_max=denoiser.sigmas[-1].item(), device="cpu", **more)
    return torch.cat([sigmas[:-2], sigmas[-1:]]) if discard else sigmas


def walk(kit, pipe, name: str, steps: int, guidance: float, cond):
    source = kit.rng.ImageRNG((4, reference.SIDE // 8, reference.SIDE // 8), [reference.SEED])
    kit.kd.sampling.torch = Torch(source)
    kit.shared.sd_model.is_sdxl = hasattr(pipe, "text_encoder_2")
    model = Model(pipe)
    wrap = kit.kd.external.CompVisVDenoiser if model.velocity else kit.kd.external.CompVisDenoiser
    x = source.next()
    if name in ("ddim", "plms", "unipc"):
        times = torch.clip(torch.asarray(list(range(0, 1000, 1000 // steps))) + 1, 0, 999)
        run = getattr(kit.strided, name)
        return run(Guided(Strided(model), cond, guidance), x, times, disable=True, callback=lambda _: None, extra_args={})
    if name == "lcm":  # the guidance scale goes into the UNet, as diffusers has it: A1111 has no such models
        denoiser = kit.lcm.LCMCompVisDenoiser(model)
        sigmas, model.scale = denoiser.get_sigmas(steps), guidance
        alone = lambda x, sigma, **_: denoiser(x, sigma, cond={k: v[:1] for k, v in cond.items()})
        return kit.lcm.sample_lcm(alone, x * sigmas[0], sigmas, disable=True)
    denoiser = wrap(model, quantize=False)
    guided = Guided(denoiser, cond, guidance)
    if name.startswith("restart"):
        sigmas = levels(kit, denoiser, name.removeprefix("restart"), steps, False)
        return kit.extra.restart_sampler(guided, x * sigmas[0], sigmas, disable=True)
    if name in ("dpm_fast", "dpm_adaptive"):
        sigmas = levels(kit, denoiser, "", steps, False)
        more = dict(n=steps) if name == "dpm_fast" else {}
        run = getattr(kit.kd.sampling, "sample_" + name)
        return run(guided, x * sigmas[0], denoiser.sigmas[0].item(), denoiser.sigmas[-1].item(), eta=1.0, disable=True, **more)
    base, suffix = split(name)
    function, discard = SAMPLERS[base]
    run = getattr(kit.kd.sampling, "sample_" + function)
    sigmas = levels(kit, denoiser, suffix, steps, discard)
    more = dict(solver_type="heun") if base.endswith("_sde_heun") else {}
    if "_sde" in base:
        from torchsde._brownian import brownian_interval
        brownian_interval._randn = lambda size, dtype, device, seed: kit.rng.randn_local(seed, size)
        lowest = sigmas[sigmas > 0].min()
        more["noise_sampler"] = kit.kd.sampling.BrownianTreeNoiseSampler(x, lowest, sigmas.max(), seed=[reference.SEED])
    return run(guided, x * sigmas[0], sigmas, disable=True, **more)


def split(name: str):
    base = max((b for b in SAMPLERS if name == b or name.startswith(b + "_") and name[len(b):] in SCHEDULES), key=len)
    return base, name[len(base):]


def settings(model: str):
    """All of them around Stable Diffusion 1, a part around the others: what differs there is the model."""
    if model in ("sd1", "lcm"):
        return [(steps, g) for steps in reference.STEPS for g in reference.GUIDANCES]
    return [(4, 7.5), (10, 1.0), (20, 7.5)]


def fits(sampler: str, model: str) -> bool:
    """LCM is for models distilled to few steps, and those for nothing else."""
    return (sampler == "lcm") == (model == "lcm")


def both(pipe):
    """The conditions of the prompt and of the negative prompt, as one batch."""
    with_, without = (emphasis.condition(pipe, p) for p in (PROMPT, reference.NEGATIVE))
    return {k: torch.cat([with_[k], without[k]]) for k in ("hidden", "pooled") if with_[k] is not None}


@torch.no_grad()
def record(work, folder, checkout, name: str) -> None:
    pipe = reference.load(work, name)  # before the stubs, which would confuse its imports
    kit, store = modules(checkout), Store()
    cond = both(pipe)
    for sampler in filter(lambda s: fits(s, name), names()):
        for steps, guidance in settings(name):
            case = dict(sampler=sampler, steps=steps, guidance=guidance)
            calls = reference.Calls(pipe.unet)
            try:
                latents = walk(kit, pipe, sampler, steps, guidance, cond)
                case["latents"] = store.numbers(latents[0])
            except Exception as problem:
                case["refused"] = f"{type(problem).__name__}: {problem}"[:200]
                store.cases.append(case)
                continue
            finally:
                seen = calls.close()
            case["pixels"] = reference.sample_pixels(cut_off(pipe, latents), len(store.cases))
            if steps == 4 and guidance > 1 and name == "sd1":
                case["calls"] = reference.keep_calls(store, seen)
            store.cases.append(case)
    store.save(folder, f"{name}.a1111")


def cut_off(pipe, latents):
    """A1111's picture: what is left of 255 is cut off."""
    pixels = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample[0]
    return (255 * torch.clamp((pixels + 1) / 2, 0, 1)).to(torch.uint8).permute(1, 2, 0)
