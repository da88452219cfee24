"""Compares darkroom's pictures with those of an independent pipeline: transformers' tokenizer, diffusers' schedulers,
torch's noise and ONNX Runtime around the same networks. Prints the largest differences of finished latents and pixels.

    make build
    python render/recipe/compare.py bin/darkroom render/demo/postcards

With torch 2.15.0, diffusers 0.42.1 and the demo model: latents within 7e-6, pixels within one level of 255.
"""

import json
import os
import subprocess
import sys
import tempfile

import diffusers
import numpy
import onnxruntime
import torch
from PIL import Image
from transformers import CLIPTokenizer

PROMPT, SEED, GUIDANCE = "a red boat on a blue sea", 7, 4.5
SAMPLERS = {
    "ddim": (diffusers.DDIMScheduler, {}),
    "euler": (diffusers.EulerDiscreteScheduler, {}),
    "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
    "dpmpp_2m": (diffusers.DPMSolverMultistepScheduler, {}),
    "dpmpp_2m_karras": (diffusers.DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
}
KINDS = {"tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(float)": numpy.float32}


class Reference:
    def __init__(self, folder):
        self.tokenizer = CLIPTokenizer.from_pretrained(f"{folder}/tokenizer")
        self.nets = {part: onnxruntime.InferenceSession(f"{folder}/{part}/model.onnx", providers=["CPUExecutionProvider"])
                     for part in ("text_encoder", "unet", "vae_decoder", "vae_encoder")}
        self.schedule = json.load(open(f"{folder}/scheduler/scheduler_config.json"))
        self.scale = json.load(open(f"{folder}/vae_decoder/config.json"))["scaling_factor"]

    def run(self, part, *values):
        net = self.nets[part]
        feed = {}
        for want, value in zip(net.get_inputs(), values):
            value = numpy.asarray(value, dtype=KINDS[want.type])
            feed[want.name] = value.reshape([1] * len(want.shape)) if value.ndim == 0 else value
        return net.run(None, feed)[0].astype(numpy.float32)

    def text(self, words):
        ids = self.tokenizer(words, padding="max_length", max_length=77, truncation=True, return_tensors="np").input_ids
        return self.run("text_encoder", ids)

    def paint(self, sampler, steps, negative, width, height, start=None, strength=None):
        kind, extra = SAMPLERS[sampler]
        scheduler = kind.from_config(self.schedule, **extra)
        scheduler.set_timesteps(steps)
        hidden = numpy.concatenate([self.text(negative), self.text(PROMPT)])
        generator = torch.Generator().manual_seed(SEED)
        shape = (1, 4, height // 8, width // 8)
        if start:
            torch.randn(shape, generator=generator)  # what diffusers samples the encoder's distribution with
        noise = torch.randn(shape, generator=generator)
        times = scheduler.timesteps
        x = noise * scheduler.init_noise_sigma
        if start:
            pixels = numpy.asarray(Image.open(start).convert("RGB")).astype(numpy.float32) / 255 * 2 - 1
            latent = self.run("vae_encoder", pixels.transpose(2, 0, 1)[None])[:, :4] * self.scale  # the mean
            first = max(steps - min(int(steps * strength), steps), 0)
            times = times[first:]
            if hasattr(scheduler, "set_begin_index"):
                scheduler.set_begin_index(first)
            x = scheduler.add_noise(torch.tensor(latent), noise, times[:1])
        for t in times:
            both = scheduler.scale_model_input(torch.cat([x, x]), t).numpy()
            without, with_ = torch.tensor(self.run("unet", both, float(t), hidden)).chunk(2)
            more = {"generator": generator} if sampler == "euler_a" else {}
            x = scheduler.step(without + GUIDANCE * (with_ - without), t, x, **more).prev_sample
        pixels = numpy.clip(self.run("vae_decoder", (x / self.scale).numpy())[0] / 2 + 0.5, 0, 1)
        return x.numpy(), (pixels.transpose(1, 2, 0) * 255).round().astype(int)


def main(program, folder):
    reference = Reference(folder)
    with tempfile.TemporaryDirectory() as place:
        out, latents, start = (os.path.join(place, name) for name in ("out.png", "out.npy", "start.png"))
        draw = [program, "draw", PROMPT, "--model", folder, "--seed", str(SEED), "--cfg", str(GUIDANCE)]
        subprocess.run([*draw, "--out", start], check=True, stdout=subprocess.DEVNULL)
        for sampler in SAMPLERS:
            for width, height, steps, negative, strength in ((128, 128, 20, "", None), (160, 112, 7, "a house", None),
                                                             (128, 128, 12, "", 0.6)):
                more = ["--init", start, "--strength", str(strength)] if strength else []
                subprocess.run([*draw, "--sampler", sampler, "--steps", str(steps), "--size", f"{width}x{height}",
                                "--negative", negative, "--out", out, "--save-latents", latents, *more],
                               check=True, stdout=subprocess.DEVNULL)
                x, pixels = reference.paint(sampler, steps, negative, width, height, start if strength else None, strength)
                ours = numpy.asarray(Image.open(out).convert("RGB")).astype(int)
                print(f"{sampler:16} {width}x{height} {steps:3} steps {'from a picture' if strength else '':15}"
                      f"latents {abs(x - numpy.load(latents)).max():.1e}  levels {abs(pixels - ours).max()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
