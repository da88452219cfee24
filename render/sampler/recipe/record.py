"""Records schedules and finished latents of diffusers' schedulers and of k-diffusion's samplers for the tests of
package sampler, all of them around one synthetic model (see model below) and one starting noise.

    python render/sampler/recipe/record.py diffusers  > render/sampler/testdata/diffusers.json
    python render/sampler/recipe/record.py schedules  > render/sampler/testdata/schedules.json
    python render/sampler/recipe/record.py kdiffusion > render/sampler/testdata/kdiffusion.json
    python render/sampler/recipe/record.py a1111 DIR  > render/sampler/testdata/a1111.json

The last one runs files of a checkout of AUTOMATIC1111's stable-diffusion-webui (v1.10.1) in DIR; nothing of it is here.
Recorded with torch 2.15.0, diffusers 0.42.1, k-diffusion 0.1.1.post1, torchsde 0.2.6 and scipy 1.17.1.
"""

import functools
import inspect
import json
import sys
import types

import torch

SHAPE = (1, 4, 4, 4)
SEED = 11  # the start noise, and after it, from the same generator, the noise of the steps
SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def model(x, t):
    """The synthetic model: smooth, bounded, not linear in x, and different at every time."""
    return 0.8 * torch.tanh(x) + 0.1 * torch.sin(torch.as_tensor(t, dtype=torch.float32) / 100)


def picture():
    """The latent that img2img cases start from."""
    return torch.linspace(-1.5, 1.5, 64).reshape(SHAPE)


def numbers(x):
    return [float(f"{v:.9g}") for v in x.flatten().tolist()]


SCHEDULES = {"_karras": "use_karras_sigmas", "_exponential": "use_exponential_sigmas", "_beta": "use_beta_sigmas",
             "_lu": "use_lu_lambdas", "_ays": ""}


def diffusers_case(name, steps, spacing, prediction, strength=None, eta=None, keep=64, **extra):
    import diffusers
    from diffusers.schedulers import AysSchedules

    solver = diffusers.DPMSolverMultistepScheduler
    kinds = {
        "ddim": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
        "ddpm": (diffusers.DDPMScheduler, dict(clip_sample=False)),
        "dpm2": (diffusers.KDPM2DiscreteScheduler, {}),
        "dpm2_a": (diffusers.KDPM2AncestralDiscreteScheduler, {}),
        "dpmpp_2m": (solver, {}),
        "dpmpp_2m_sde": (solver, dict(algorithm_type="sde-dpmsolver++")),
        "dpmpp_2s": (diffusers.DPMSolverSinglestepScheduler, {}),
        "dpmpp_3m": (solver, dict(solver_order=3)),
        "dpmpp_3m_sde": (solver, dict(solver_order=3, algorithm_type="sde-dpmsolver++")),
        "dpmpp_sde": (diffusers.DPMSolverSDEScheduler, dict(noise_sampler_seed=SEED)),
        "euler": (diffusers.EulerDiscreteScheduler, {}),
        "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
        "heun": (diffusers.HeunDiscreteScheduler, {}),
        "lcm": (diffusers.LCMScheduler, {}),
        "lms": (diffusers.LMSDiscreteScheduler, {}),
        "pndm": (diffusers.PNDMScheduler, dict(skip_prk_steps=True, set_alpha_to_one=False)),
        "tcd": (diffusers.TCDScheduler, {}),
        "unipc": (diffusers.UniPCMultistepScheduler, {}),
    }
    schedule = next((s for s in SCHEDULES if name.endswith(s)), "")
    kind, own = kinds[name.removesuffix(schedule)]
    config = SD | own | dict(prediction_type=prediction, steps_offset=1) | extra
    if SCHEDULES.get(schedule):
        config[SCHEDULES[schedule]] = True
    if spacing:
        config["timestep_spacing"] = spacing
    xl = config.pop("xl", False)
    known = inspect.signature(kind.__init__).parameters  # what a class does not know it leaves out, as from_config does
    scheduler = kind(**{k: v for k, v in config.items() if k in known})
    if schedule == "_ays":
        scheduler.set_timesteps(timesteps=AysSchedules["StableDiffusionXLTimesteps" if xl else "StableDiffusionTimesteps"])
    else:
        scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(SHAPE, generator=generator)
    times = scheduler.timesteps
    if strength is None:
        latents = noise * scheduler.init_noise_sigma
        scheduler.set_begin_index(0) if hasattr(scheduler, "set_begin_index") else None  # as the SDXL pipeline does
    else:
        start = max(steps - min(int(steps * strength), steps), 0) * scheduler.order
        times = times[start:]
        scheduler.set_begin_index(start) if hasattr(scheduler, "set_begin_index") else None
        latents = scheduler.add_noise(picture(), noise, times[:1])
    for t in times:
        out = model(scheduler.scale_model_input(latents, t), t)
        more = dict(generator=generator) if "generator" in inspect.signature(scheduler.step).parameters else {}
        if eta is not None:
            more["eta"] = eta
        latents = scheduler.step(out, t, latents, **more).prev_sample
    if not torch.isfinite(latents).all():
        raise ValueError(f"{name}, {steps} steps, {spacing}: diffusers makes {latents}")
    sigmas = scheduler.sigmas if hasattr(scheduler, "sigmas") else torch.tensor([])
    if scheduler.order == 2:  # whose lists have two entries for each step
        times = times[::2]
        sigmas = torch.cat([sigmas[::2][:steps], torch.zeros(1)])
    return dict(sampler=name, steps=steps, spacing=spacing, prediction=prediction, strength=strength or 0, extra=extra,
                init_noise_sigma=float(scheduler.init_noise_sigma), times=numbers(times), sigmas=numbers(sigmas),
                latents=numbers(latents)[:keep], **({} if eta is None else dict(eta=eta)))


FIRST = ("ddim", "euler", "euler_a", "dpmpp_2m", "dpmpp_2m_karras")
MORE = ("ddpm", "dpm2", "dpm2_a", "dpm2_karras", "dpmpp_2m_sde", "dpmpp_2m_sde_karras", "euler_karras", "heun",
        "heun_karras", "lcm", "lms", "lms_karras", "pndm", "tcd", "unipc", "unipc_karras")


def diffusers_cases():
    for name in FIRST + MORE:
        for spacing in ("", "leading", "linspace", "trailing"):
            if spacing and name in ("lcm", "tcd"):  # which have a spacing of their own
                continue
            if spacing == "linspace" and name == "pndm":
                continue  # whose times are fractions then, and its table has none
            yield diffusers_case(name, 10, spacing, "epsilon")
        yield diffusers_case(name, 20, "leading", "v_prediction")
        yield diffusers_case(name, 4, "trailing", "v_prediction")
        yield diffusers_case(name, 1, "leading", "v_prediction")
        yield diffusers_case(name, 30, "leading", "epsilon", strength=0.6)
        yield diffusers_case(name, 10, "", "v_prediction", strength=0.35)
        yield diffusers_case(name, 10, "leading", "v_prediction", strength=1.0)
        yield diffusers_case(name, 12, "leading", "epsilon", beta_schedule="linear", beta_start=0.0001, beta_end=0.02)
        if name not in ("euler_a", "pndm", "dpm2", "dpm2_a", "dpm2_karras", "heun", "heun_karras"):
            yield diffusers_case(name, 8, "leading", "sample")  # the others refuse to predict the picture itself
        if name in FIRST[1:]:  # DDIM keeps a true zero, which has no σ
            yield diffusers_case(name, 10, "trailing", "v_prediction", rescale_betas_zero_snr=True)
    yield diffusers_case("ddim", 10, "leading", "epsilon", set_alpha_to_one=True)


def schedule_cases():
    """The other schedules, η, and zero terminal signal; the first 16 values of each latent."""
    case = functools.partial(diffusers_case, keep=16)
    plain = ("dpmpp_2s", "dpmpp_3m", "dpmpp_3m_sde", "dpmpp_sde")
    ranged = ("euler", "heun", "lms", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_sde", "unipc") + plain
    names = plain + ("dpm2_a_karras",) + tuple(n + "_karras" for n in plain)
    names += tuple(n + s for n in ranged for s in ("_exponential", "_beta"))
    names += tuple(n + "_lu" for n in ("dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m", "dpmpp_3m_sde"))
    for name in names:
        yield case(name, 10, "leading", "epsilon")
        yield case(name, 20, "", "v_prediction")
        yield case(name, 4, "trailing", "epsilon")
        yield case(name, 1, "leading", "v_prediction")
        yield case(name, 30, "leading", "epsilon", strength=0.6)
        yield case(name, 16, "linspace", "v_prediction", strength=0.35)
    for name in ("euler_ays", "heun_ays", "dpmpp_2m_ays", "dpmpp_2m_sde_ays"):
        yield case(name, 10, "", "epsilon")
        yield case(name, 10, "leading", "v_prediction", xl=True)
        yield case(name, 10, "", "epsilon", strength=0.5)
    for eta in (0.0, 0.5, 1.0):
        yield case("ddim", 10, "leading", "epsilon", eta=eta)
        yield case("ddim", 10, "trailing", "v_prediction", eta=eta, set_alpha_to_one=True)
        yield case("ddim", 20, "leading", "v_prediction", strength=0.55, eta=eta)
        yield case("tcd", 4, "", "epsilon", eta=eta)
    for name in ("ddim", "ddpm", "euler", "euler_a", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m", "unipc", "lcm", "tcd", "pndm", "lms",
                 "heun", "dpm2", "dpm2_a", "dpmpp_2s", "dpmpp_sde", "euler_karras", "dpmpp_2m_karras", "unipc_karras",
                 "euler_exponential", "euler_beta", "dpmpp_2m_exponential", "dpmpp_2m_beta", "dpmpp_2m_lu"):
        spaced = "" if name in ("lcm", "tcd", "dpmpp_2s") else "trailing"
        yield case(name, 10, spaced, "v_prediction", rescale_betas_zero_snr=True)
        yield case(name, 4, spaced, "v_prediction", rescale_betas_zero_snr=True)
        if name not in ("lcm", "tcd"):
            yield case(name, 10, "leading", "epsilon", rescale_betas_zero_snr=True)
            yield case(name, 10, spaced, "v_prediction", strength=1.0, rescale_betas_zero_snr=True)
    yield case("ddim", 10, "trailing", "v_prediction", eta=1.0, rescale_betas_zero_snr=True)
    warm = functools.partial(case, "pndm", skip_prk_steps=False)
    for steps, spacing, prediction in ((4, "leading", "epsilon"), (10, "", "epsilon"), (10, "leading", "v_prediction"),
                                       (10, "trailing", "epsilon"), (30, "leading", "v_prediction"), (7, "trailing", "v_prediction")):
        yield warm(steps, spacing, prediction)
    for steps, strength in ((10, 0.9), (30, 0.6), (10, 1.0), (20, 0.35)):
        yield warm(steps, "leading", "v_prediction" if strength == 0.6 else "epsilon", strength=strength)
    yield warm(10, "leading", "epsilon", set_alpha_to_one=True)
    yield warm(20, "leading", "epsilon", strength=0.35, set_alpha_to_one=True)
    for name in ("lcm", "tcd"):
        for steps, original in ((4, 25), (8, 25), (1, 10), (26, 30), (25, 25), (6, 100)):
            yield case(name, steps, "", "epsilon", original_inference_steps=original)


def kdiffusion():
    for missing in ("torchdiffeq", "torchvision", "torchvision.transforms",
                    "torchvision.transforms.functional", "k_diffusion_parent"):
        sys.modules[missing] = types.ModuleType(missing)
    sys.modules["torchdiffeq"].odeint = None
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    import importlib.util
    import os
    root = os.path.dirname(importlib.util.find_spec("k_diffusion").origin)
    package = types.ModuleType("k_diffusion")  # without its __init__, which wants the training parts
    package.__path__ = [root]
    sys.modules["k_diffusion"] = package
    import k_diffusion.external as external
    import k_diffusion.sampling as sampling
    return external, sampling


class Inner:
    """What k-diffusion's CompVis wrappers expect around a model."""

    def __init__(self):
        import numpy
        betas = numpy.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=numpy.float64) ** 2
        self.alphas_cumprod = torch.tensor(numpy.cumprod(1 - betas), dtype=torch.float32)

    def apply_model(self, x, t, *_, **__):
        return model(x, t.reshape(-1, 1, 1, 1))


def kdiffusion_cases():
    external, sampling = kdiffusion()
    wrap = {"epsilon": external.CompVisDenoiser, "v_prediction": external.CompVisVDenoiser}
    runs = {"euler": sampling.sample_euler, "euler_a": sampling.sample_euler_ancestral, "dpm2": sampling.sample_dpm_2,
            "dpm2_a": sampling.sample_dpm_2_ancestral, "dpmpp_2m": sampling.sample_dpmpp_2m,
            "dpmpp_2m_sde": sampling.sample_dpmpp_2m_sde, "heun": sampling.sample_heun, "lms": sampling.sample_lms,
            "dpmpp_2m_sde_heun": functools.partial(sampling.sample_dpmpp_2m_sde, solver_type="heun"),
            "dpmpp_2s_a": sampling.sample_dpmpp_2s_ancestral, "dpmpp_3m_sde": sampling.sample_dpmpp_3m_sde,
            "dpmpp_sde": sampling.sample_dpmpp_sde}
    settings = ((1, "epsilon", 0), (10, "epsilon", 0), (20, "v_prediction", 0),
                (30, "epsilon", 0.6), (20, "v_prediction", 0.75), (10, "epsilon", 1.0))
    for name, schedule in ((n, s) for n in runs for s in ("", "_karras", "_exponential")):
        discard = name in ("dpm2", "dpm2_a", "dpmpp_3m_sde")
        run = runs[name]
        for steps, prediction, strength in settings if schedule != "_exponential" else settings[1:4]:
            if steps == 1 and name.startswith(("dpmpp_2m_sde", "dpmpp_3m_sde")):
                continue  # where k-diffusion itself stumbles
            denoiser = wrap[prediction](Inner(), quantize=False)
            conditions = {"cond": None} if prediction == "v_prediction" else {}  # the v wrapper insists on one
            lowest, highest, count = denoiser.sigmas[0].item(), denoiser.sigmas[-1].item(), steps + discard
            sigmas = {"": lambda: denoiser.get_sigmas(count),
                      "_karras": lambda: sampling.get_sigmas_karras(count, lowest, highest),
                      "_exponential": lambda: sampling.get_sigmas_exponential(count, lowest, highest)}[schedule]()
            if discard:
                sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
            generator, every = torch.Generator().manual_seed(SEED), sigmas
            noise = torch.randn(SHAPE, generator=generator)
            x = noise * sigmas[0]
            if strength:
                sigmas = sigmas[steps - int(min(strength, 0.999) * steps) - 1:]  # A1111's img2img
                x = picture() + noise * sigmas[0]
            more = {}
            if name.endswith("_a"):
                more["noise_sampler"] = lambda *_: torch.randn(SHAPE, generator=generator)
            if "sde" in name:
                more["noise_sampler"] = sampling.BrownianTreeNoiseSampler(x, every[every > 0].min(), every.max(), seed=SEED)
            with torch.no_grad():
                latents = run(denoiser, x, sigmas, disable=True, extra_args=conditions, **more)
                times = [denoiser.sigma_to_t(s).item() for s in sigmas[:-1]]
            yield dict(sampler=name + schedule, steps=steps, spacing="", prediction=prediction, strength=strength, extra={},
                       init_noise_sigma=sigmas[0].item(), times=times, sigmas=numbers(sigmas), latents=numbers(latents))


def a1111(folder):
    """Files of A1111, with as much of the program around them as they ask for."""
    import importlib
    external, sampling = kdiffusion()
    sys.modules["k_diffusion"].sampling = sampling
    names = ("modules", "modules.models", "modules.models.diffusion", "modules.models.diffusion.uni_pc")
    for name in names:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [f"{folder}/" + name.replace(".", "/")]
    shared = sys.modules["modules.shared"] = types.ModuleType("modules.shared")
    shared.opts = types.SimpleNamespace(beta_dist_alpha=0.6, beta_dist_beta=0.6, uni_pc_variant="bh1", uni_pc_order=3,
                                        uni_pc_skip_type="time_uniform", uni_pc_lower_order_final=True)
    shared.sd_model = types.SimpleNamespace(is_sdxl=False, device="cpu")
    sys.modules["modules"].shared = shared
    around = types.SimpleNamespace(CFGDenoiser=object, KDiffusionSampler=object, SamplerData=lambda *_: None)
    for name in ("sd_samplers_cfg_denoiser", "sd_samplers_kdiffusion", "sd_samplers_common"):
        sys.modules["modules." + name] = around
        setattr(sys.modules["modules"], name, around)
    load = lambda name: importlib.import_module("modules." + name)
    return types.SimpleNamespace(
        external=external, sampling=sampling, shared=shared, schedules=load("sd_schedulers"), extra=load("sd_samplers_extra"),
        timesteps=load("sd_samplers_timesteps_impl"), lcm=load("sd_samplers_lcm"))


class Torch:
    """torch, whose randn_like draws from one generator, as A1111 has it for k-diffusion."""

    def __init__(self, generator):
        self.generator = generator

    def __getattr__(self, name):
        if name == "randn_like":
            return lambda x: torch.randn(x.shape, generator=self.generator)
        return getattr(torch, name)


def zero_terminal(bars):
    """The formula of A1111's sd_models.py."""
    root = bars.sqrt()
    stretched = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    bars = stretched ** 2
    bars[-1] = 4.8973451890853435e-08
    return bars


KD = dict(euler="sample_euler", euler_a="sample_euler_ancestral", dpm2="sample_dpm_2", dpm2_a="sample_dpm_2_ancestral",
          dpmpp_2m="sample_dpmpp_2m", dpmpp_2m_sde="sample_dpmpp_2m_sde", dpmpp_2m_sde_heun="sample_dpmpp_2m_sde",
          dpmpp_2s_a="sample_dpmpp_2s_ancestral", dpmpp_3m_sde="sample_dpmpp_3m_sde", dpmpp_sde="sample_dpmpp_sde",
          heun="sample_heun", lms="sample_lms", dpm_fast="sample_dpm_fast", dpm_adaptive="sample_dpm_adaptive")
LABELS = {"_karras": "karras", "_exponential": "exponential", "_polyexponential": "polyexponential", "_sgm_uniform": "sgm_uniform",
          "_kl_optimal": "kl_optimal", "_ays": "align_your_steps", "_simple": "simple", "_ddim": "ddim", "_beta": "beta"}


def a1111_sigmas(web, denoiser, name, schedule, steps):
    """A1111's get_sigmas."""
    discard = name in ("dpm2", "dpm2_a", "dpmpp_3m_sde")
    chosen = web.schedules.schedulers_map[LABELS.get(schedule, "uniform")]
    more = dict(inner_model=denoiser) if chosen.need_inner_model else {}
    sigmas = chosen.function(n=steps + discard, sigma_min=denoiser.sigmas[0].item(), sigma_max=denoiser.sigmas[-1].item(),
                             device="cpu", **more) if name != "lcm" else denoiser.get_sigmas(steps)
    return torch.cat([sigmas[:-2], sigmas[-1:]]) if discard else sigmas


def a1111_case(web, name, schedule, steps, prediction, strength=0, eta=None, **extra):
    inner = Inner()
    inner.device = "cpu"
    web.shared.sd_model.is_sdxl = extra.get("xl", False)
    if extra.get("rescale_betas_zero_snr"):
        inner.alphas_cumprod = zero_terminal(inner.alphas_cumprod)
    generator = torch.Generator().manual_seed(SEED)
    web.sampling.torch = Torch(generator)
    noise = torch.randn(SHAPE, generator=generator)
    enclosed = int(min(strength, 0.999) * steps)
    more = {} if eta is None else dict(eta=eta)
    if name in ("ddim", "plms", "unipc"):
        sigmas, times, latents = a1111_timesteps(web, inner, name, steps, prediction, enclosed, noise, more)
    else:
        sigmas, times, latents = a1111_levels(web, inner, name, schedule, steps, prediction, enclosed, noise, more)
    if not torch.isfinite(latents).all():
        raise ValueError(f"{name}{schedule}, {steps} steps: {latents}")
    return dict(sampler=name + schedule, steps=steps, spacing="", prediction=prediction, strength=strength, extra=extra,
                times=times, sigmas=numbers(sigmas), latents=numbers(latents)[:16], **more)


def a1111_levels(web, inner, name, schedule, steps, prediction, enclosed, noise, more):
    """The samplers of k-diffusion's frame, by A1111's KDiffusionSampler."""
    wrap = {"epsilon": web.external.CompVisDenoiser, "v_prediction": web.external.CompVisVDenoiser}[prediction]
    denoiser = web.lcm.LCMCompVisDenoiser(inner) if name == "lcm" else wrap(inner, quantize=False)
    sigmas = a1111_sigmas(web, denoiser, name, schedule, steps)
    x, every = noise * sigmas[0], sigmas  # in img2img, too, the Brownian path goes over every level
    low, high = denoiser.sigmas[0].item(), denoiser.sigmas[-1].item()
    if enclosed:
        sigmas = sigmas[steps - enclosed - 1:]
        x = picture() + noise * sigmas[0]
        low, high = sigmas[-2].item(), sigmas[0].item()
    conditions = {"cond": None} if prediction == "v_prediction" else {}
    run = getattr(web.sampling, KD[name]) if name in KD else {"restart": web.extra.restart_sampler, "lcm": web.lcm.sample_lcm}[name]
    given = dict(sigmas=sigmas)
    if name in ("dpm_fast", "dpm_adaptive"):
        given = dict(sigma_min=low, sigma_max=high)
        more = dict(eta=1.0) | more  # A1111's default
    if name == "dpm_fast":
        given["n"] = len(sigmas) - 1
    if name == "dpmpp_2m_sde_heun":
        given["solver_type"] = "heun"
    if "sde" in name:
        given["noise_sampler"] = web.sampling.BrownianTreeNoiseSampler(x, every[every > 0].min(), every.max(), seed=SEED)
    with torch.no_grad():
        latents = run(denoiser, x, disable=True, extra_args=conditions, **given, **more)
        times = [] if name in ("dpm_fast", "dpm_adaptive", "restart") else [denoiser.sigma_to_t(s.reshape(1)).item() for s in sigmas[:-1]]
    return (sigmas if times else torch.tensor([])), times, latents


def a1111_timesteps(web, inner, name, steps, prediction, enclosed, noise, more):
    """The samplers of the preserving frame, by A1111's CompVisSampler."""
    bars = inner.alphas_cumprod

    def eps(x, t, **_):
        out = inner.apply_model(x, t)
        if prediction == "v_prediction":
            at = t.to(torch.int)
            out = bars.sqrt()[at, None, None, None] * out + (1 - bars).sqrt()[at, None, None, None] * x
        return out

    eps.inner_model = types.SimpleNamespace(inner_model=inner)
    times = torch.clip(torch.asarray(list(range(0, 1000, 1000 // steps))) + 1, 0, 999)
    x, given = noise, {}
    if enclosed:
        x = picture() * bars[times[enclosed]].sqrt() + noise * (1 - bars[times[enclosed]]).sqrt()
        times = times[:enclosed]
        given = dict(is_img2img=True) if name == "unipc" else {}
    latents = getattr(web.timesteps, name)(eps, x, times, disable=True, callback=lambda _: None, extra_args={}, **given, **more)
    return torch.tensor([]), [] if name == "unipc" else [float(t) for t in times.flip(0)[:-1]], latents


def a1111_cases(folder):
    web = a1111(folder)
    case = functools.partial(a1111_case, web)
    usual = [n for n in KD if not n.startswith("dpm_")]
    for name, schedule in ((n, s) for n in usual for s in ("_polyexponential", "_sgm_uniform", "_kl_optimal", "_ays", "_simple", "_ddim", "_beta")):
        yield case(name, schedule, 10, "epsilon")
        yield case(name, schedule, 20, "v_prediction", strength=0.6)
    for schedule in ("", *LABELS):
        for steps in (1, 7, 11, 31):
            if steps > 1 or schedule not in ("_beta", "_sgm_uniform"):
                yield case("euler", schedule, steps, "epsilon")
    yield case("euler", "_ays", 12, "epsilon", xl=True)
    for name in ("euler_a", "dpm2_a", "dpmpp_2s_a", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde"):
        for eta in (0.0, 0.4):
            yield case(name, "_karras", 10, "epsilon", eta=eta)
    for name in ("ddim", "plms", "unipc"):
        for steps, prediction, strength in ((3, "epsilon", 0), (10, "epsilon", 0), (20, "v_prediction", 0), (30, "epsilon", 0.6), (12, "v_prediction", 0.75)):
            yield case(name, "", steps, prediction, strength)
    for eta in (0.5, 1.0):
        yield case("ddim", "", 10, "epsilon", eta=eta)
        yield case("ddim", "", 20, "v_prediction", 0.6, eta=eta)
    for steps, prediction, strength in ((1, "epsilon", 0), (10, "epsilon", 0), (20, "v_prediction", 0), (24, "epsilon", 0.9), (40, "epsilon", 0), (50, "v_prediction", 0.8)):
        for schedule in ("", "_karras"):
            yield case("restart", schedule, steps, prediction, strength)
    for steps, prediction, strength in ((4, "epsilon", 0), (10, "epsilon", 0), (11, "v_prediction", 0), (12, "epsilon", 0), (20, "epsilon", 0.6)):
        yield case("dpm_fast", "", steps, prediction, strength)
        yield case("dpm_fast", "", steps, prediction, strength, eta=0.0)
    for steps, prediction, strength in ((10, "epsilon", 0), (11, "v_prediction", 0), (20, "epsilon", 0.6)):
        for eta in (None, 0.0, 0.5):
            yield case("dpm_adaptive", "", steps, prediction, strength, eta=eta)
    for steps, strength in ((1, 0), (4, 0), (8, 0), (8, 0.5)):
        yield case("lcm", "", steps, "epsilon", strength)
    for name in ("euler", "euler_a", "dpmpp_2m", "ddim"):
        yield case(name, "", 10, "v_prediction", rescale_betas_zero_snr=True)


if __name__ == "__main__":
    import logging
    logging.disable(logging.WARNING)
    cases = {"diffusers": diffusers_cases, "schedules": schedule_cases, "kdiffusion": kdiffusion_cases,
             "a1111": a1111_cases}[sys.argv[1]](*sys.argv[2:])
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
