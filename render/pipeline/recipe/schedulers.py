"""Records what diffusers' scheduler classes make of settings that folders have, for the tests of package pipeline.

    python render/pipeline/recipe/schedulers.py > render/pipeline/testdata/schedulers.json

Every class is loaded from a scheduler_config.json as a pipeline loads it, once with the settings of Stable Diffusion
alone and once with each further setting, and sampled around a synthetic model (that of render/sampler/recipe) with one
starting noise. Where diffusers refuses a setting itself, there are no latents.

Recorded with torch 2.15.0, diffusers 0.42.1, torchsde 0.2.6 and scipy 1.17.1.
"""

import inspect
import json

import diffusers
import torch

SHAPE = (1, 4, 4, 4)
SEED = 11
STEPS = 10
BETAS = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
             steps_offset=1, set_alpha_to_one=False)

SCHEDULES = [dict(use_karras_sigmas=True), dict(use_exponential_sigmas=True), dict(use_beta_sigmas=True)]
RANGED = [dict(sigma_min=0.2), dict(sigma_max=5.0), dict(sigma_min=0.2, use_karras_sigmas=True), dict(sigma_max=5.0, use_karras_sigmas=True),
          dict(sigma_min=0.2, use_exponential_sigmas=True), dict(sigma_max=5.0, use_beta_sigmas=True)]
LEFTOVER = [dict(skip_prk_steps=True), dict(set_alpha_to_one=True), dict(set_alpha_to_one=False), dict(variance_type="fixed_large"),
            dict(interpolation_type="log_linear"), dict(solver_order=3), dict(disable_corrector=[0]), dict(timestep_scaling=0.1),
            dict(final_sigmas_type="sigma_min"), dict(timestep_spacing="trailing"), dict(timestep_spacing="leading"),
            dict(timestep_spacing="linspace"), dict(steps_offset=1), dict(use_lu_lambdas=True), dict(solver_type="bh1"),
            dict(solver_type="heun"), dict(prediction_type="v_prediction"), dict(original_inference_steps=25)]
SOLVER = [dict(solver_order=1), dict(solver_order=2), dict(algorithm_type="sde-dpmsolver++"), dict(algorithm_type="deis"),
          dict(solver_type="midpoint"), dict(solver_type="logrho"), dict(lower_order_final=False), dict(euler_at_final=True),
          dict(lambda_min_clipped=-1.0), dict(variance_type="learned_range")]
OWN = {
    "DDIMScheduler": [], "DDIMParallelScheduler": [], "PNDMScheduler": [dict(skip_prk_steps=True, set_alpha_to_one=False)],
    "DDPMScheduler": [dict(variance_type=v) for v in ("fixed_small", "fixed_small_log")],
    "LMSDiscreteScheduler": SCHEDULES + RANGED, "EulerDiscreteScheduler": SCHEDULES + RANGED, "EulerAncestralDiscreteScheduler": SCHEDULES[:1],
    "HeunDiscreteScheduler": SCHEDULES + RANGED, "KDPM2DiscreteScheduler": SCHEDULES + RANGED,
    "KDPM2AncestralDiscreteScheduler": SCHEDULES + RANGED,
    "DPMSolverMultistepScheduler": SCHEDULES + RANGED + SOLVER + [
        dict(solver_order=3, algorithm_type="sde-dpmsolver++", use_lu_lambdas=True), dict(solver_order=3, lower_order_final=False),
        dict(solver_order=3, use_karras_sigmas=True), dict(sigma_min=0.2, use_lu_lambdas=True), dict(algorithm_type="dpmsolver"),
        dict(algorithm_type="dpmsolver", final_sigmas_type="sigma_min")],
    "DPMSolverSinglestepScheduler": SCHEDULES + RANGED + SOLVER,
    "DPMSolverSDEScheduler": SCHEDULES + RANGED + [dict(noise_sampler_seed=3)],
    "UniPCMultistepScheduler": SCHEDULES + RANGED + [dict(solver_order=1), dict(predict_x0=False), dict(lower_order_final=False),
                                                     dict(solver_type="midpoint"), dict(disable_corrector=[])],
    "LCMScheduler": [], "TCDScheduler": [],
}


def model(x, t):
    return 0.8 * torch.tanh(x) + 0.1 * torch.sin(torch.as_tensor(t, dtype=torch.float32) / 100)


def sample(name, settings):
    kind = getattr(diffusers, name)
    known = inspect.signature(kind.__init__).parameters
    config = dict(settings)
    if "noise_sampler_seed" in known:
        config.setdefault("noise_sampler_seed", SEED)  # darkroom seeds the path with the image's
    scheduler = kind.from_config(config)
    scheduler.set_timesteps(STEPS)
    generator = torch.Generator().manual_seed(SEED)
    latents = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        out = model(scheduler.scale_model_input(latents, t), t)
        more = dict(generator=generator) if "generator" in inspect.signature(scheduler.step).parameters else {}
        if name == "TCDScheduler":
            more["eta"] = 0.3  # its pipelines' default
        latents = scheduler.step(out, t, latents, **more).prev_sample
    if not torch.isfinite(latents).all():
        raise ValueError("not a number")
    return [float(f"{v:.6g}") for v in latents.flatten().tolist()[:4]]


def cases():
    for name, own in OWN.items():
        seen = []
        for extra in [{}] + own + LEFTOVER:
            if extra in seen:
                continue
            seen.append(extra)
            case = {"class": name} | (dict(settings=extra) if extra else {})
            try:
                yield case | dict(latents=sample(name, BETAS | extra))
            except (ValueError, RuntimeError):  # diffusers refuses it, or makes no numbers of it
                yield case


if __name__ == "__main__":
    print(json.dumps(dict(shared=BETAS, steps=STEPS)).removesuffix("}") + ', "cases": [' + ",\n".join(json.dumps(c) for c in cases()) + "]}")
