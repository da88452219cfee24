"""Records what diffusers' StableDiffusionInpaintPipeline makes of one picture and mask with every sampler, around a UNet
and a VAE of one line each, for the tests of package render. The VAE's distribution is so narrow that its draws use up
random numbers and change nothing.

    python render/recipe/inpaint.py > render/testdata/inpaint.json

Recorded with torch 2.15.0 and diffusers 0.42.1.
"""

import json
import warnings

import diffusers
import numpy
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image

WIDTH, HEIGHT, STEPS, SEED, SCALING = 64, 48, 6, 7, 0.5
SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
          timestep_spacing="leading")
SOLVER = diffusers.DPMSolverMultistepScheduler
SAMPLERS = {
    "ddim": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
    "ddpm": (diffusers.DDPMScheduler, dict(clip_sample=False)),
    "dpm2": (diffusers.KDPM2DiscreteScheduler, {}),
    "dpm2_a": (diffusers.KDPM2AncestralDiscreteScheduler, {}),
    "dpm2_karras": (diffusers.KDPM2DiscreteScheduler, {}),
    "dpmpp_2m": (SOLVER, {}),
    "dpmpp_2m_karras": (SOLVER, {}),
    "dpmpp_2m_sde": (SOLVER, dict(algorithm_type="sde-dpmsolver++")),
    "euler": (diffusers.EulerDiscreteScheduler, {}),
    "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
    "heun": (diffusers.HeunDiscreteScheduler, {}),
    "lms": (diffusers.LMSDiscreteScheduler, {}),
    "pndm": (diffusers.PNDMScheduler, dict(skip_prk_steps=True, set_alpha_to_one=False)),
    "unipc": (diffusers.UniPCMultistepScheduler, {}),
}


def picture():
    x, y = numpy.meshgrid(numpy.arange(WIDTH), numpy.arange(HEIGHT))
    return Image.fromarray(numpy.stack([x * 4 % 256, y * 5 % 256, (x + y) * 2 % 256], axis=-1).astype(numpy.uint8))


def mask():
    pixels = numpy.zeros((HEIGHT, WIDTH), dtype=numpy.uint8)
    pixels[10:36, 20:50] = 255
    return Image.fromarray(pixels)


def unet(sample, timestep, encoder_hidden_states, **_):
    x = sample[:, :4]
    out = 0.5 * x + 0.2 * torch.roll(x, 1, 3) + 0.1 * torch.roll(x, 1, 2) + float(timestep) / 5000
    if sample.shape[1] == 9:
        out = out + 0.3 * sample[:, 4:5] + 0.2 * sample[:, 5:]
    return (out,)


class Distribution:
    def __init__(self, pixels):
        small = pixels[:, :, ::8, ::8]
        mean = torch.cat([small, torch.zeros_like(small[:, :1])], dim=1)
        self.latent_dist = DiagonalGaussianDistribution(torch.cat([mean, torch.full_like(mean, -30)], dim=1))


def record(name, channels, strength):
    kind, own = SAMPLERS[name]
    if name.endswith("_karras"):
        own = own | dict(use_karras_sigmas=True)
    tiny = dict(block_out_channels=(32,) * 4, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
    vae = diffusers.AutoencoderKL(**tiny, scaling_factor=SCALING)
    vae.encode = Distribution
    net = diffusers.UNet2DConditionModel(sample_size=64, in_channels=channels, out_channels=4, block_out_channels=(32, 32), cross_attention_dim=8,
                                         down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2)
    net.forward = unet
    pipe = diffusers.StableDiffusionInpaintPipeline(vae, None, None, net, kind(**(SD | own)), None, None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    out = pipe(prompt_embeds=torch.zeros(1, 77, 8), image=picture(), mask_image=mask(), width=WIDTH, height=HEIGHT, strength=strength,
               num_inference_steps=STEPS, guidance_scale=1, generator=torch.Generator().manual_seed(SEED), output_type="latent").images
    return dict(sampler=name, channels=channels, strength=strength, latents=[float(f"{v:.6g}") for v in out[0, :2].flatten().tolist()])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    diffusers.logging.set_verbosity_error()
    cases = [record(name, 4, strength) for name in SAMPLERS for strength in (0.7, 1.0)]
    cases += [record(name, 9, strength) for name in ("ddim", "euler_a", "dpmpp_2m") for strength in (0.7, 1.0)]
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
