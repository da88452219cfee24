"""LoRAs for the tiny checkpoints, by the names of kohya's trainer, and walks with them by diffusers and peft."""

import re

import torch

from . import checkpointrecords, checkpoints, ldmnames, tiny
from .store import Store

RANK, STRENGTH = 4, 0.5  # and how large a change is beside its weight
TARGETS = re.compile(r"\.(attn\d\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2)|proj_in|proj_out|self_attn\.(q|k|v|out)_proj|mlp\.fc\d)\.weight$")
RESNETS = re.compile(r"\.resnets\.\d+\.(conv1|conv2|conv_shortcut|time_emb_proj)\.weight$|samplers\.0\.conv\.weight$")
PARTS = {  # of a checkpoint's family: the group, and what names begin with
    "sd1": [("sd1.unet", "lora_unet_"), ("clip-l", "lora_te_")],
    "sdxl": [("sdxl.unet", "lora_unet_"), ("clip-l", "lora_te1_"), ("open-clip-g", "lora_te2_")],
    "sd2": [("sd2.unet", "lora_unet_"), ("open-clip-h", "lora_te_")],
}
UNUSED = {"open-clip-h": ".layers.23."}  # the last layer of Stable Diffusion 2's text encoder, which nobody trains
FILES = {"sd1": "ab", "sdxl": "ab", "sd2": "a"}
CHECKPOINTS = {"sd1": "sd1", "sdxl": "sdxl", "sd2": "sd2-base"}
# What is asked for: each LoRA's strength in the UNet, and in the text encoders.
CASES = {
    "sd1": [{}, {"a": (1, 1)}, {"a": (0.5, 0.5)}, {"a": (-1, -1)}, {"a": (0, 0)}, {"b": (1, 1)}, {"a": (0.5, 0.5), "b": (1, 1)},
            {"a": (1, 0)}, {"a": (0, 1)}, {"a": (0.7, -0.4), "b": (-0.3, 0.6)}],
    "sdxl": [{}, {"a": (1, 1)}, {"a": (0.5, 0.5)}, {"a": (-1, -1)}, {"a": (0, 0)}, {"a": (0.5, 0.5), "b": (1, 1)}, {"a": (0.7, -0.4)}],
    "sd2": [{}, {"a": (1, 1)}, {"a": (0, 0)}, {"a": (0, 1)}, {"a": (0.7, -0.4)}],
}


def targets(weights, also) -> list:
    return [n for n in weights.rules if TARGETS.search("." + n) or also and RESNETS.search("." + n)]


def lora_weights(book, family: str, which: str) -> tiny.Weights:
    """a changes what attention has, b the ResNet blocks too, with another alpha and without the feed-forward layers."""
    out = tiny.Weights(f"lora-{family}-{which}", {}, book.tokens)
    config = tiny.bare(tiny.UNETS[family]).config
    for group, prefix in PARTS[family]:
        for name in targets(book.weights[group], which == "b"):
            if UNUSED.get(group, "|") in name:
                continue
            if which == "b" and (".ff." in name or ".mlp." in name):
                continue
            shape = book.weights[group].rules[name][0]
            module = name.removesuffix(".weight")
            if family == "sdxl" and prefix == "lora_unet_":  # whose trainer has sgm's names
                module = ldmnames.unet(name, config).removesuffix(".weight")
            key = prefix + module.replace(".", "_")
            fan = torch.Size(shape[1:]).numel()
            one = [1] * (len(shape) - 2)
            alpha = 2.0 if which == "a" else 1.0
            # The product of both, with alpha over rank, has STRENGTH of a weight's variance.
            up = STRENGTH * (3 / fan) ** 0.5 / (fan ** -0.5 * RANK ** 0.5 * alpha / RANK)
            out.rules[key + ".lora_down.weight"] = [[RANK, *shape[1:]], tiny.round4((3 / fan) ** 0.5), 0.0]
            out.rules[key + ".lora_up.weight"] = [[shape[0], RANK, *one], tiny.round4(up), 0.0]
            out.rules[key + ".alpha"] = [[], 0.0, alpha]
    return out


def add(book) -> None:
    """Adds the files to a book."""
    for family in PARTS:
        for which in FILES[family]:
            weights = lora_weights(book, family, which)
            book.weights[weights.group] = weights
            book.add(weights.group, weights.group + ".safetensors", [checkpoints.Part(weights.group, None)])


def apply(pipe, book, family: str, asked: dict) -> None:
    """Adds LoRAs to the weights themselves: W + strength * alpha / rank * up @ down."""
    config = pipe.unet.config
    modules = {"lora_unet_": pipe.unet, "lora_te_": pipe.text_encoder, "lora_te1_": pipe.text_encoder,
               "lora_te2_": getattr(pipe, "text_encoder_2", None)}
    for which, (unet, text) in asked.items():
        state = book.weights[f"lora-{family}-{which}"].state()
        for group, prefix in PARTS[family]:
            module = modules[prefix]
            have = {n if n.startswith("text_") or prefix == "lora_unet_" else "text_model." + n: p for n, p in module.named_parameters()}
            for name, weight in have.items():
                part = ldmnames.unet(name, config) if family == "sdxl" and prefix == "lora_unet_" else name
                key = prefix + part.removesuffix(".weight").replace(".", "_")
                if (up := state.pop(key + ".lora_up.weight", None)) is None:
                    continue
                down, alpha = state.pop(key + ".lora_down.weight"), state.pop(key + ".alpha")
                change = (up.flatten(1).double() @ down.flatten(1).double()).reshape(weight.shape)
                weight.data = (weight.double() + (unet if prefix == "lora_unet_" else text) * alpha / RANK * change).float()
        assert not state, list(state)[:3]


def by_peft(pipe, files: dict, asked: dict) -> None:
    """The same by diffusers' own loader and peft."""
    parts = [p for p in ("text_encoder", "text_encoder_2") if getattr(pipe, p, None) is not None]
    vars(pipe.text_encoder).pop("text_model", None)  # by which diffusers would take it for an older transformers'
    for which in asked:
        pipe.load_lora_weights(str(files[which]), adapter_name=which)
    if asked:
        scales = [dict(unet=float(u)) | {p: float(t) for p in parts} for u, t in asked.values()]
        pipe.set_adapters(list(asked), adapter_weights=scales)


@torch.no_grad()
def record(work, testdata) -> None:
    book, store = checkpoints.library(checkpoints.used_tokens(work)), Store()
    add(book)
    for family, cases in CASES.items():
        files = {w: book.write(f"lora-{family}-{w}", work / "files") for w in FILES[family]}
        plain = checkpointrecords.load(book, CHECKPOINTS[family], work)
        kept = weights_of(plain)
        for asked in cases:
            restore(plain, kept)
            apply(plain, book, family, asked)
            latents, _ = checkpointrecords.walk(plain, family, "euler")
            worst = compare(book, family, work, files, asked, latents)
            loras = [dict(name=f"lora-{family}-{w}", unet=u, text=t) for w, (u, t) in asked.items()]
            store.cases.append(dict(checkpoint=CHECKPOINTS[family], loras=loras, out=store.numbers(latents[0])))
            print(family, asked, f"peft is {worst:.1e} off", flush=True)
    store.save(testdata / "records", "loras")


def compare(book, family, work, files, asked, latents) -> float:
    """How far diffusers' own way is from the sum of the weights: within rounding, or the record is refused."""
    pipe = checkpointrecords.load(book, CHECKPOINTS[family], work)
    by_peft(pipe, files, asked)
    other, _ = checkpointrecords.walk(pipe, family, "euler")
    worst = ((other - latents).abs().max() / latents.abs().max()).item()
    if worst > 1e-4:
        raise ValueError(f"{family} with {asked}: diffusers and peft are {worst} off")
    return worst


def weights_of(pipe) -> dict:
    parts = [p for p in ("unet", "text_encoder", "text_encoder_2") if getattr(pipe, p, None) is not None]
    return {(p, n): w.data.clone() for p in parts for n, w in getattr(pipe, p).named_parameters()}


def restore(pipe, kept: dict) -> None:
    for (part, name), value in kept.items():
        getattr(pipe, part).get_parameter(name).data = value.clone()
