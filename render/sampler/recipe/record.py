"""Records schedules and finished latents of diffusers' schedulers and of k-diffusion's samplers for the tests of
package sampler, all of them around one synthetic model (see model below) and one starting noise.

    python render/sampler/recipe/record.py diffusers  > render/sampler/testdata/diffusers.json
    python render/sampler/recipe/record.py kdiffusion > render/sampler/testdata/kdiffusion.json

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


def diffusers_case(name, steps, spacing, prediction, strength=None, **extra):
    import diffusers

    solver = diffusers.DPMSolverMultistepScheduler
    kinds = {
        "ddim": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
        "ddpm": (diffusers.DDPMScheduler, dict(clip_sample=False)),
        "dpm2": (diffusers.KDPM2DiscreteScheduler, {}),
        "dpm2_a": (diffusers.KDPM2AncestralDiscreteScheduler, {}),
        "dpmpp_2m": (solver, {}),
        "dpmpp_2m_sde": (solver, dict(algorithm_type="sde-dpmsolver++")),
        "euler": (diffusers.EulerDiscreteScheduler, {}),
        "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
        "heun": (diffusers.HeunDiscreteScheduler, {}),
        "lcm": (diffusers.LCMScheduler, {}),
        "lms": (diffusers.LMSDiscreteScheduler, {}),
        "pndm": (diffusers.PNDMScheduler, dict(skip_prk_steps=True, set_alpha_to_one=False)),
        "tcd": (diffusers.TCDScheduler, {}),
        "unipc": (diffusers.UniPCMultistepScheduler, {}),
    }
    own_karras = dict(use_karras_sigmas=True) if name.endswith("_karras") else {}
    kind, own = kinds[name.removesuffix("_karras")]
    config = SD | own | own_karras | dict(prediction_type=prediction, steps_offset=1) | extra
    if spacing:
        config["timestep_spacing"] = spacing
    scheduler = kind(**config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(SHAPE, generator=generator)
    times = scheduler.timesteps
    if strength is None:
        latents = noise * scheduler.init_noise_sigma
    else:
        start = max(steps - min(int(steps * strength), steps), 0) * scheduler.order
        times = times[start:]
        scheduler.set_begin_index(start) if hasattr(scheduler, "set_begin_index") else None
        latents = scheduler.add_noise(picture(), noise, times[:1])
    for t in times:
        out = model(scheduler.scale_model_input(latents, t), t)
        more = dict(generator=generator) if "generator" in inspect.signature(scheduler.step).parameters else {}
        latents = scheduler.step(out, t, latents, **more).prev_sample
    if not torch.isfinite(latents).all():
        raise ValueError(f"{name}, {steps} steps, {spacing}: diffusers makes {latents}")
    sigmas = scheduler.sigmas if hasattr(scheduler, "sigmas") else torch.tensor([])
    if scheduler.order == 2:  # whose lists have two entries for each step
        times = times[::2]
        sigmas = torch.cat([sigmas[::2][:steps], torch.zeros(1)])
    return dict(sampler=name, steps=steps, spacing=spacing, prediction=prediction, strength=strength or 0, extra=extra,
                init_noise_sigma=float(scheduler.init_noise_sigma), times=numbers(times), sigmas=numbers(sigmas),
                latents=numbers(latents))


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
            generator = torch.Generator().manual_seed(SEED)
            noise = torch.randn(SHAPE, generator=generator)
            x = noise * sigmas[0]
            if strength:
                sigmas = sigmas[steps - int(min(strength, 0.999) * steps) - 1:]  # A1111's img2img
                x = picture() + noise * sigmas[0]
            more = {}
            if name.endswith("_a"):
                more["noise_sampler"] = lambda *_: torch.randn(SHAPE, generator=generator)
            if "sde" in name:
                more["noise_sampler"] = sampling.BrownianTreeNoiseSampler(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=SEED)
            with torch.no_grad():
                latents = run(denoiser, x, sigmas, disable=True, extra_args=conditions, **more)
                times = [denoiser.sigma_to_t(s).item() for s in sigmas[:-1]]
            yield dict(sampler=name + schedule, steps=steps, spacing="", prediction=prediction, strength=strength, extra={},
                       init_noise_sigma=sigmas[0].item(), times=times, sigmas=numbers(sigmas), latents=numbers(latents))


if __name__ == "__main__":
    import logging
    logging.disable(logging.WARNING)
    cases = {"diffusers": diffusers_cases, "kdiffusion": kdiffusion_cases}[sys.argv[1]]()
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
