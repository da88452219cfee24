"""Records schedules and finished latents of diffusers' schedulers and of k-diffusion's samplers for the tests of
package sampler, all of them around one synthetic model (see model below) and one starting noise.

    python render/sampler/recipe/record.py diffusers  > render/sampler/testdata/diffusers.json
    python render/sampler/recipe/record.py kdiffusion > render/sampler/testdata/kdiffusion.json

Recorded with torch 2.15.0, diffusers 0.42.1 and k-diffusion 0.1.1.post1.
"""

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

    kinds = {
        "ddim": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
        "euler": (diffusers.EulerDiscreteScheduler, {}),
        "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
        "dpmpp_2m": (diffusers.DPMSolverMultistepScheduler, {}),
        "dpmpp_2m_karras": (diffusers.DPMSolverMultistepScheduler, dict(use_karras_sigmas=True)),
    }
    kind, own = kinds[name]
    config = SD | own | dict(prediction_type=prediction, steps_offset=1) | extra
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
        start = max(steps - min(int(steps * strength), steps), 0)
        times = times[start:]
        scheduler.set_begin_index(start) if hasattr(scheduler, "set_begin_index") else None
        latents = scheduler.add_noise(picture(), noise, times[:1])
    for t in times:
        out = model(scheduler.scale_model_input(latents, t), t)
        more = dict(generator=generator) if name == "euler_a" else {}
        latents = scheduler.step(out, t, latents, **more).prev_sample
    return dict(sampler=name, steps=steps, spacing=spacing, prediction=prediction, strength=strength or 0, extra=extra,
                init_noise_sigma=float(scheduler.init_noise_sigma), times=numbers(times),
                sigmas=numbers(scheduler.sigmas) if hasattr(scheduler, "sigmas") else [], latents=numbers(latents))


def diffusers_cases():
    for name in ("ddim", "euler", "euler_a", "dpmpp_2m", "dpmpp_2m_karras"):
        for spacing in ("", "leading", "linspace", "trailing"):
            yield diffusers_case(name, 10, spacing, "epsilon")
        yield diffusers_case(name, 20, "leading", "v_prediction")
        yield diffusers_case(name, 4, "trailing", "v_prediction")
        yield diffusers_case(name, 1, "leading", "v_prediction")
        yield diffusers_case(name, 30, "leading", "epsilon", strength=0.6)
        yield diffusers_case(name, 10, "", "v_prediction", strength=0.35)
        yield diffusers_case(name, 10, "leading", "v_prediction", strength=1.0)
        yield diffusers_case(name, 12, "leading", "epsilon", beta_schedule="linear", beta_start=0.0001, beta_end=0.02)
        if name != "euler_a":  # which refuses to predict the picture itself
            yield diffusers_case(name, 8, "leading", "sample")
        if name != "ddim":  # DDIM keeps a true zero, which has no σ
            yield diffusers_case(name, 10, "trailing", "v_prediction", rescale_betas_zero_snr=True)
    yield diffusers_case("ddim", 10, "leading", "epsilon", set_alpha_to_one=True)


def kdiffusion():
    for missing in ("scipy", "scipy.integrate", "torchdiffeq", "torchsde", "torchvision", "torchvision.transforms",
                    "torchvision.transforms.functional", "k_diffusion_parent"):
        sys.modules[missing] = types.ModuleType(missing)
    sys.modules["scipy"].integrate = sys.modules["scipy.integrate"]
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
    runs = {"euler": sampling.sample_euler, "euler_a": sampling.sample_euler_ancestral,
            "dpmpp_2m": sampling.sample_dpmpp_2m, "dpmpp_2m_karras": sampling.sample_dpmpp_2m}
    for name, run in runs.items():
        for steps, prediction, strength in ((1, "epsilon", 0), (10, "epsilon", 0), (20, "v_prediction", 0),
                                            (30, "epsilon", 0.6), (20, "v_prediction", 0.75), (10, "epsilon", 1.0)):
            denoiser = wrap[prediction](Inner(), quantize=False)
            conditions = {"cond": None} if prediction == "v_prediction" else {}  # the v wrapper insists on one
            sigmas = denoiser.get_sigmas(steps)
            if name == "dpmpp_2m_karras":
                sigmas = sampling.get_sigmas_karras(steps, denoiser.sigmas[0].item(), denoiser.sigmas[-1].item())
            generator = torch.Generator().manual_seed(SEED)
            noise = torch.randn(SHAPE, generator=generator)
            x = noise * sigmas[0]
            if strength:
                sigmas = sigmas[steps - int(min(strength, 0.999) * steps) - 1:]  # A1111's img2img
                x = picture() + noise * sigmas[0]
            more = {}
            if name == "euler_a":
                more["noise_sampler"] = lambda *_: torch.randn(SHAPE, generator=generator)
            with torch.no_grad():
                latents = run(denoiser, x, sigmas, disable=True, extra_args=conditions, **more)
                times = [denoiser.sigma_to_t(s).item() for s in sigmas[:-1]]
            yield dict(sampler=name, steps=steps, spacing="", prediction=prediction, strength=strength, extra={},
                       init_noise_sigma=sigmas[0].item(), times=times, sigmas=numbers(sigmas), latents=numbers(latents))


if __name__ == "__main__":
    import logging
    logging.disable(logging.WARNING)
    cases = {"diffusers": diffusers_cases, "kdiffusion": kdiffusion_cases}[sys.argv[1]]()
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
