"""Records what diffusers makes of the tiny checkpoints: each network's answers, what prompts become, and whole walks."""

import types

import torch

from . import checkpoints, formula, reference, starts, tiny, walks
from .store import Store

GUIDANCE, STEPS = 5.0, 4
WITH_DDIM = ("sd1", "sd2-base", "sd2-v", "sdxl", "sdxl-vpred")  # whose schedule has other defaults than euler's
TIMES = (801.0, 37.0)
HIGH, WIDE = 16, 8  # of the latents that networks are asked for: sides that differ
# A checkpoint, its family, and how its scheduler differs from the family's.
RECORDED = {
    "sd1": ("sd1", {}), "sd1-f16": ("sd1", {}), "sd1-bf16": ("sd1", {}), "sd1-f8e4m3": ("sd1", {}), "sd1-f8e5m2": ("sd1", {}),
    "sd1-mixed": ("sd1", {}), "inpaint": ("inpaint", {}), "sd2-base": ("sd2", {}), "sd2-v": ("sd2", checkpoints.VELOCITY),
    "sdxl": ("sdxl", {}), "sdxl-f16": ("sdxl", {}), "sdxl-vpred": ("sdxl", checkpoints.ZERO_SNR), "ssd": ("ssd", {}),
    "refiner": ("refiner", {}),
}


def keep(store: Store, values, stride: int) -> dict:
    """Every so many of an array's values."""
    return store.numbers(values.flatten()[::stride]) | dict(stride=stride)


def load(book, name: str, work):
    """A checkpoint as diffusers reads it, with its weights checked."""
    family, schedule = RECORDED[name]
    pipe = checkpoints.reference(book, name, family, work, **schedule)
    checkpoints.check_names(book, name, pipe)
    pipe.folder_schedule = dict(pipe.scheduler.config)
    encoder = pipe.text_encoder
    if encoder is not None and not hasattr(encoder, "text_model"):  # see reference.load
        encoder.text_model = types.SimpleNamespace(final_layer_norm=encoder.final_layer_norm)
    return pipe


def networks(store: Store, pipe, **facts) -> None:
    for time in TIMES:
        answer = tiny.unet_answer(pipe.unet, "unet", 2, HIGH, WIDE, time)
        store.cases.append(dict(facts, kind="unet", time=time, out=keep(store, answer, 1)))
    pixels, moments = vae_answers(pipe.vae)
    store.cases.append(dict(facts, kind="decode", out=keep(store, pixels, 7)))
    store.cases.append(dict(facts, kind="encode", out=keep(store, moments, 1)))


def vae_answers(vae):
    pixels = vae.decode(formula.feed("vae/latents", 1, 4, 8, 6)).sample
    moments = vae.encode(formula.values("feed/vae/pixels", (1, 3, 64, 48))).latent_dist.parameters
    return pixels, moments


def texts(store: Store, pipe, **facts) -> None:
    for prompt in (checkpoints.PROMPTS[0], checkpoints.PROMPTS[2]):
        for skip in (0, 1):
            more = dict(clip_skip=skip) if skip else {}
            if hasattr(pipe, "text_encoder_2"):
                hidden, _, pooled, _ = pipe.encode_prompt(prompt, device="cpu", do_classifier_free_guidance=False, **more)
            else:
                hidden, pooled = pipe.encode_prompt(prompt, "cpu", 1, False, **more)[0], None
            case = dict(facts, kind="text", prompt=prompt, skip=skip, ids=ids(pipe, prompt), width=hidden.shape[-1],
                        out=keep(store, hidden, 211))
            if pooled is not None:
                case["pooled"] = keep(store, pooled, 7)
            store.cases.append(case)


def ids(pipe, prompt: str) -> list:
    """What each text encoder is given."""
    tokenizers = [t for t in (pipe.tokenizer, getattr(pipe, "tokenizer_2", None)) if t]
    return [t(prompt, padding="max_length", max_length=77, truncation=True).input_ids for t in tokenizers]


def walk(pipe, family: str, sampler: str, steps=STEPS, guidance=GUIDANCE):
    """Finished latents of one picture; with the start picture and mask of starts.py where the family wants them."""
    pipe.scheduler, _ = walks.scheduler(pipe, sampler)
    given = {"inpaint": starts.MASK, "refiner": starts.IMAGE}.get(family, "")
    return starts.paint(pipe, given, sampler, steps, guidance, 1 if family == "inpaint" else 0.7), given


@torch.no_grad()
def record(work, testdata) -> None:
    book, store = checkpoints.library(checkpoints.used_tokens(work)), Store()
    for name, (family, _) in RECORDED.items():
        pipe = load(book, name, work)
        if name != "sdxl-vpred":  # whose networks are those of sdxl-f16
            networks(store, pipe, checkpoint=name)
            texts(store, pipe, checkpoint=name)
        for sampler in ("euler", "ddim") if name in WITH_DDIM else ("euler",):
            latents, given = walk(pipe, family, sampler)
            store.cases.append(dict(checkpoint=name, kind="walk", sampler=sampler, steps=STEPS, guidance=GUIDANCE, given=given,
                                    out=store.numbers(latents[0])))
        (work / "files" / f"{name}.safetensors").unlink()
    vae = starts.diffusers.AutoencoderKL(**tiny.VAE).eval()
    for name in ("vae",):
        vae.load_state_dict(book.weights["own-vae"].state())
        pixels, moments = vae_answers(vae)
        store.cases.append(dict(checkpoint=name, kind="decode", out=keep(store, pixels, 7)))
        store.cases.append(dict(checkpoint=name, kind="encode", out=keep(store, moments, 1)))
    store.save(testdata / "records", "checkpoints")
