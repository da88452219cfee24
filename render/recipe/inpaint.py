"""Records what becomes of one picture and mask, around a UNet and a VAE of one line each, for the tests of package render:
in diffusers' StableDiffusionInpaintPipeline with every sampler, and in A1111's steps retold with Pillow and k-diffusion.
The VAE's distribution is so narrow that its draws use up random numbers and change nothing.

    python render/recipe/inpaint.py diffusers > render/testdata/inpaint.json
    python render/recipe/inpaint.py a1111     > render/testdata/inpaint_a1111.json
    python render/recipe/inpaint.py hires     > render/testdata/hires_a1111.json

The last is A1111's hires fix with its "Latent" upscaler, retold likewise.

Recorded with torch 2.15.0, diffusers 0.42.1, k-diffusion 0.1.1.post1 and Pillow 13.0.0.
"""

import importlib.util
import json
import pathlib
import sys
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


def blurred(grey, sigma=4):
    """OpenCV's GaussianBlur as A1111 calls it, once along each side."""
    reach = int(2.5 * sigma + 0.5)
    kernel = numpy.exp(-numpy.arange(-reach, reach + 1) ** 2 / (2 * sigma**2))
    kernel /= kernel.sum()
    pixels = numpy.asarray(grey, dtype=numpy.float64)
    for axis in (1, 0):
        wide = numpy.pad(pixels, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="reflect")
        pixels = sum(k * numpy.take(wide, numpy.arange(i, i + pixels.shape[axis]), axis) for i, k in enumerate(kernel)).round()
    return Image.fromarray(pixels.astype(numpy.uint8))


def kdiffusion():
    spec = importlib.util.spec_from_file_location("record", pathlib.Path(__file__).parents[1] / "sampler/recipe/record.py")
    samplers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samplers)
    external, sampling = samplers.kdiffusion()
    samplers.model = lambda x, t: unet(x, t, None)[0]
    return external.CompVisDenoiser(samplers.Inner()), sampling


def philox(seed, *shape):
    """The first draw of A1111's "NV" source: Philox 4×32 of ten rounds, and the sine half of Box and Muller."""
    n = int(numpy.prod(shape))
    c = numpy.zeros((4, n), dtype=numpy.uint64)
    c[2] = numpy.arange(n)
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for i in range(10):
        if i:
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        a, b = c[0] * numpy.uint64(0xD2511F53), c[2] * numpy.uint64(0xCD9E8D57)
        low = numpy.uint64(0xFFFFFFFF)
        c = numpy.stack([(b >> numpy.uint64(32)) ^ c[1] ^ numpy.uint64(key[0]), b & low,
                         (a >> numpy.uint64(32)) ^ c[3] ^ numpy.uint64(key[1]), a & low])
    u, v = c[0] * 2.0**-32 + 2.0**-33, (c[1] * 2.0**-32 + 2.0**-33) * 2 * numpy.pi
    return torch.tensor((numpy.sqrt(-2 * numpy.log(u)) * numpy.sin(v)).astype(numpy.float32)).reshape(shape)


def hires(scale=2, steps=5, strength=0.5):
    denoiser, sampling = kdiffusion()
    total = int(steps / min(strength, 0.999))
    cases = []
    for name in ("sample_euler", "sample_dpmpp_2m", "sample_heun"):
        with torch.no_grad():
            sample = getattr(sampling, name)
            levels = denoiser.get_sigmas(STEPS)
            small = sample(denoiser, philox(SEED, 1, 4, HEIGHT // 8, WIDTH // 8) * levels[0], levels, disable=True)
            size = (HEIGHT * scale // 8, WIDTH * scale // 8)
            large = torch.nn.functional.interpolate(small, size=size, mode="bilinear", antialias=False)
            levels = denoiser.get_sigmas(total)[total - steps:]
            done = sample(denoiser, large + philox(SEED, *large.shape) * levels[0], levels, disable=True)
        cases.append(dict(sampler=name, latents=[float(f"{v:.6g}") for v in done[0, :2].flatten().tolist()]))
    return dict(scale=scale, steps=steps, strength=strength, cases=cases)


def a1111():
    denoiser, sampling = kdiffusion()
    soft = blurred(mask())
    small = numpy.asarray(soft.convert("RGB").resize((WIDTH // 8, HEIGHT // 8)), dtype=numpy.float32)[:, :, 0] / 255
    paint = torch.tensor(numpy.around(small))
    pixels = torch.tensor(numpy.asarray(picture(), dtype=numpy.float32).transpose(2, 0, 1)[None] / 255 * 2 - 1)
    start = Distribution(pixels).latent_dist.mode() * SCALING
    noise = torch.randn(start.shape, generator=torch.Generator().manual_seed(SEED))

    def masked(x, sigma, **_):
        return denoiser(x, sigma) * paint + start * (1 - paint)

    cases = []
    for name in ("sample_euler", "sample_heun", "sample_dpmpp_2m", "sample_lms"):
        levels = denoiser.get_sigmas(STEPS)[STEPS - int(min(0.7, 0.999) * STEPS) - 1:]
        with torch.no_grad():
            done = getattr(sampling, name)(masked, start + noise * levels[0], levels, disable=True)
        done = done * paint + start * (1 - paint)
        cases.append(dict(sampler=name, latents=[float(f"{v:.6g}") for v in done[0, :2].flatten().tolist()]))
    return dict(blurred=numpy.asarray(soft)[::3, ::3].flatten().tolist(), mask=paint.flatten().tolist(),
                noise=[float(f"{v:.9g}") for v in noise.flatten().tolist()], cases=cases)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    diffusers.logging.set_verbosity_error()
    if sys.argv[1] != "diffusers":
        json.dump(dict(a1111=a1111, hires=hires)[sys.argv[1]](), sys.stdout)
        sys.exit()
    cases = [record(name, 4, strength) for name in SAMPLERS for strength in (0.7, 1.0)]
    cases += [record(name, 9, strength) for name in ("ddim", "euler_a", "dpmpp_2m") for strength in (0.7, 1.0)]
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
