"""Draws pictures, from a checkpoint in torch or from the model folder through ONNX Runtime.

Either model offers words(ids) -> hidden states, velocity(x, t, words) and decode(latents), all on torch tensors.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler
from transformers import CLIPTokenizer

from . import arch, autoencoder, clip, train


class Checkpoint:
    """The averaged weights of the last checkpoint, with the VAE."""

    def __init__(self, place: train.Place):
        self.vae = autoencoder.load(place)
        self.text, self.unet = clip.new_tower(place).to(place.device), arch.unet(place.pixels).to(place.device)
        kept = train.load(place.work / "unet.pt", place.device)
        self.agreement = clip.Agreement().to(place.device)
        self.agreement.load_state_dict(kept["average"]["agreement"])
        self.text.load_state_dict(kept["average"]["text"])
        self.unet.load_state_dict(kept["average"]["unet"])
        self.samples, self.device = kept["samples"], place.device
        self.text.eval()
        self.unet.eval()
        self.tokenizer = CLIPTokenizer.from_pretrained(place.work / "tokenizer")

    def words(self, ids):
        return self.text(input_ids=ids.to(self.device)).last_hidden_state

    def velocity(self, x, t, words):
        return self.unet(x, t, words, return_dict=False)[0]

    def decode(self, latents):
        return self.vae.decode(latents / self.vae.config.scaling_factor).sample


class Folder:
    """The exported model folder."""

    device = "cpu"

    def __init__(self, folder: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = train.cores()
        part = lambda name: onnxruntime.InferenceSession(str(folder / name / "model.onnx"), options)
        self.text, self.unet, self.decoder = part("text_encoder"), part("unet"), part("vae_decoder")
        self.scale = json.loads((folder / "vae_decoder/config.json").read_text())["scaling_factor"]
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")

    def words(self, ids):
        return torch.from_numpy(self.text.run(["last_hidden_state"], {"input_ids": ids.numpy()})[0])

    def velocity(self, x, t, words):
        inputs = {"sample": x.numpy(), "timestep": np.array(float(t), np.float32), "encoder_hidden_states": words.numpy()}
        return torch.from_numpy(self.unet.run(None, inputs)[0])

    def decode(self, latents):
        return torch.from_numpy(self.decoder.run(None, {"latent_sample": (latents / self.scale).numpy()})[0])


def scheduler(name: str):
    """ddim, euler_a, dpmpp_2m or dpmpp_2m_karras, as diffusers has them."""
    if name == "ddim":
        return DDIMScheduler.from_config(arch.SCHEDULER)
    spread = {**arch.SCHEDULER, "timestep_spacing": "linspace"}
    if name == "euler_a":
        return EulerAncestralDiscreteScheduler.from_config(spread)
    return DPMSolverMultistepScheduler.from_config(spread, use_karras_sigmas=name.endswith("karras"))


@torch.no_grad()
def draw(model, texts: list[str], steps=20, guidance=4.5, sampler="dpmpp_2m_karras", size=(128, 128), seed=0,
         batch=25) -> torch.Tensor:
    """One picture per caption: [n,3,H,W] in -1..1. Picture i starts from seed + i."""
    width, height = size
    pictures = []
    for at in range(0, len(texts), batch):
        some = texts[at : at + batch]
        ids = model.tokenizer([""] * len(some) + some, padding="max_length", truncation=True, max_length=arch.TEXT_LENGTH)
        words = model.words(torch.tensor(ids["input_ids"]))
        noise = [torch.randn(1, arch.LATENT_CHANNELS, height // arch.LATENT_SCALE, width // arch.LATENT_SCALE,
                             generator=torch.Generator().manual_seed(seed + at + i)) for i in range(len(some))]
        solver = scheduler(sampler)
        solver.set_timesteps(steps)
        x = torch.cat(noise).to(model.device) * solver.init_noise_sigma
        for t in solver.timesteps:
            free, told = model.velocity(solver.scale_model_input(torch.cat([x, x]), t), t, words).chunk(2)
            x = solver.step(free + guidance * (told - free), t, x).prev_sample
        pictures.append(model.decode(x).clamp(-1, 1))
    return torch.cat(pictures)
