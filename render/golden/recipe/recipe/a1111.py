"""A1111's own files, from a checkout of v1.10.1 that is no part of this project, around a pipeline's parts: what reads
prompts and weights, guides, samples, and prepares start pictures, masks and its hires fix. Everything else that they
import is a stand-in that does nothing, and the options are their own defaults.
"""

import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types

import torch

from . import emphasis, reference

OWN = ("masking", "models", "options", "processing", "prompt_parser", "rng", "rng_philox", "script_callbacks", "sd_emphasis",
       "sd_hijack_clip", "sd_hijack_open_clip", "sd_samplers", "sd_samplers_cfg_denoiser", "sd_samplers_common",
       "sd_samplers_extra", "sd_samplers_kdiffusion", "sd_samplers_lcm", "sd_samplers_timesteps",
       "sd_samplers_timesteps_impl", "sd_schedulers", "shared_options", "torch_utils")
OTHERS = ("blendmodes", "fastapi", "gradio", "ldm", "skimage", "torchdiffeq", "torchvision")


class Anything:
    """Can be asked for anything, called and entered, and does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *_, **__):
        return Anything()

    def __iter__(self):
        return iter(())

    def __or__(self, _):
        return Anything()

    def __fspath__(self):
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __mro_entries__(self, _):
        return ()


class StandIn(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds A1111's own files in the checkout, and a stand-in for whatever else they ask for."""

    def __init__(self, checkout):
        self.checkout = checkout

    def find_spec(self, name, _, __=None):
        first, *rest = name.split(".")
        if first == "modules" and rest and rest[0] in OWN:
            path = os.path.join(self.checkout, *name.split("."))
            if os.path.isdir(path):
                spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
                spec.submodule_search_locations = [path]
                return spec
            return importlib.util.spec_from_file_location(name, path + ".py")
        if first == "modules" or first in OTHERS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        if spec.name == "modules":  # whose attributes are its files
            return types.ModuleType(spec.name)
        return StandIn(spec.name)

    def exec_module(self, _):
        pass


def latent_upscale_modes(checkout) -> dict:
    """A literal of modules/shared.py, which as a whole needs everything."""
    with open(os.path.join(checkout, "modules/shared.py")) as source:
        for node in ast.parse(source.read()).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "latent_upscale_modes":
                return ast.literal_eval(node.value)
    raise LookupError("latent_upscale_modes")


def load(checkout):
    """A1111's files. Load pipelines before: the stand-ins would confuse their imports."""
    sys.meta_path.insert(0, Finder(checkout))
    root = os.path.dirname(importlib.util.find_spec("k_diffusion").origin)
    package = types.ModuleType("k_diffusion")
    package.__path__ = [root]
    sys.modules["k_diffusion"] = package
    import k_diffusion.external, k_diffusion.sampling, k_diffusion.utils  # noqa: E401

    import modules.devices as devices
    import modules.sd_hijack as hijack
    import modules.shared as shared
    cpu, plain = torch.device("cpu"), contextlib.nullcontext
    for name, value in dict(device=cpu, cpu=cpu, dtype=torch.float32, dtype_vae=torch.float32, dtype_unet=torch.float32,
                            autocast=plain, without_autocast=plain, cond_cast_float=lambda x: x, cond_cast_unet=lambda x: x).items():
        setattr(devices, name, value)
    hijack.model_hijack = types.SimpleNamespace(
        embedding_db=types.SimpleNamespace(find_embedding_at_position=lambda *_: (None, None)), fixes=None,
        extra_generation_params={}, comments=[])
    shared.device, shared.latent_upscale_modes, shared.latent_upscale_default_mode = cpu, latent_upscale_modes(checkout), "Latent"
    shared.state = types.SimpleNamespace(interrupted=False, skipped=False, sampling_step=0, sampling_steps=0, job_count=1,
                                         processing_has_refined_job_count=True, nextjob=lambda: None)
    shared.sd_model = Anything()
    shared.opts = defaults()
    import modules.processing as processing
    import modules.sd_hijack_clip as clip
    import modules.sd_hijack_open_clip as open_clip
    import modules.sd_samplers as samplers
    import modules.rng as rng
    devices.randn_local = rng.randn_local
    processing.LatentDepth2ImageDiffusion = type("LatentDepth2ImageDiffusion", (), {})
    processing.decode_latent_batch = lambda _, latents, **__: latents
    processing.images.flatten = lambda image, _: image.convert("RGB")
    processing.images.resize_image = as_it_is
    import modules.sd_samplers_common as common
    common.sample_to_image = lambda *_, **__: None
    return types.SimpleNamespace(shared=shared, processing=processing, clip=clip, open_clip=open_clip, samplers=samplers, rng=rng)


def as_it_is(_, image, width, height, **__):
    assert image.size == (width, height), "pictures are recorded at their own size"
    return image


def defaults():
    """The defaults of A1111's options, but for the source of noise and what shows progress."""
    import modules.shared_options as options
    values = {name: info.default for name, info in options.options_templates.items() if hasattr(info, "default")}
    return types.SimpleNamespace(**values | dict(randn_source="NV", live_previews_enable=False))


class Model:
    """A pipeline as the model that A1111 wraps."""

    device, cond_stage_key, dtype = "cpu", "txt", torch.float32
    is_sdxl_inpaint = is_sd3 = is_ssd = False

    def __init__(self, kit, pipe, name: str):
        from . import webui
        base = webui.Model(pipe)
        self.alphas_cumprod, self.unet, self.kit, self.pipe = base.alphas_cumprod, pipe.unet, kit, pipe
        self.parameterization = "v" if base.velocity else "eps"
        self.is_sdxl, self.is_sd1, self.is_sd2 = base.wide, not base.wide, False
        self.sd_checkpoint_info = name
        self.model = types.SimpleNamespace(conditioning_key="hybrid" if pipe.unet.config.in_channels == 9 else "crossattn")
        self.first_stage_model = pipe.vae
        self.embedders = self.embed()

    def embed(self) -> list:
        """What A1111 makes of the text encoders."""
        clip, open_clip, hijack, pipe = self.kit.clip, self.kit.open_clip, sys.modules["modules.sd_hijack"].model_hijack, self.pipe
        tokenizers = emphasis.readers(pipe)

        def opened(words, wrapped, kind):
            simple = words.simple
            open_clip.tokenizer = simple
            return kind(wrapped, hijack)

        if self.is_sdxl:
            first = types.SimpleNamespace(tokenizer=pipe.tokenizer, transformer=pipe.text_encoder, layer="hidden", layer_idx=-2)
            second = types.SimpleNamespace(layer="penultimate", return_pooled=True,
                                           encode_with_transformer=lambda ids: penultimate(pipe.text_encoder_2, ids))
            return [clip.FrozenCLIPEmbedderForSDXLWithCustomWords(first, hijack),
                    opened(tokenizers[1], second, open_clip.FrozenOpenCLIPEmbedder2WithCustomWords)]
        if isinstance(tokenizers[0], emphasis.OpenWords):
            wrapped = types.SimpleNamespace(encode_with_transformer=lambda ids: pipe.text_encoder(input_ids=ids).last_hidden_state)
            return [opened(tokenizers[0], wrapped, open_clip.FrozenOpenCLIPEmbedderWithCustomWords)]
        return [clip.FrozenCLIPEmbedderWithCustomWords(types.SimpleNamespace(tokenizer=pipe.tokenizer, transformer=pipe.text_encoder), hijack)]

    def get_learned_conditioning(self, texts):
        """As modules/sd_models_xl.py has it for SDXL, without the sizes, which apply_model adds."""
        if not self.is_sdxl:
            return self.embedders[0](texts)
        first, (second, pooled) = self.embedders[0](texts), self.embedders[1](texts)
        out = dict(crossattn=torch.cat([first, second], -1), vector=pooled)
        if texts.is_negative_prompt and all(text == "" for text in texts):
            out = {k: torch.zeros_like(v) for k, v in out.items()}
        return out

    def apply_model(self, x, t, cond):
        more, hidden = {}, cond.get("crossattn")
        height, width = float(x.shape[2] * 8), float(x.shape[3] * 8)
        if self.is_sdxl:
            sizes = torch.tensor([[height, width, 0, 0, height, width]]).repeat(len(x), 1)
            more["added_cond_kwargs"] = dict(text_embeds=cond["vector"], time_ids=sizes)
        else:
            hidden = torch.cat(cond["c_crossattn"], 1)
        if self.model.conditioning_key == "hybrid":
            x = torch.cat([x] + cond["c_concat"], 1)
        return self.unet(x, t, encoder_hidden_states=hidden, **more).sample

    def encode_first_stage(self, pixels):
        return self.pipe.vae.encode(pixels).latent_dist.mode()  # A1111 draws, from a generator that it never seeds

    def get_first_stage_encoding(self, latents):
        return latents * self.pipe.vae.config.scaling_factor


def penultimate(encoder, ids):
    out = encoder(input_ids=ids, output_hidden_states=True)
    return dict(penultimate=out.hidden_states[-2], pooled=out.text_embeds)


def run(kit, model, case: dict, picture=None, mask=None):
    """The finished latents of a case."""
    kit.shared.sd_model, kit.shared.opts.CLIP_stop_at_last_layers = model, 1
    kinds = kit.processing
    common = dict(prompt=case["prompt"], negative_prompt=case["negative"], sampler_name=case["label"], scheduler=case["schedule"],
                  steps=case["steps"], cfg_scale=case["guidance"], width=case["width"], height=case["height"],
                  disable_extra_networks=True)
    for kind in (kinds.StableDiffusionProcessing, kinds.StableDiffusionProcessingTxt2Img):
        for cache in ("cached_c", "cached_uc", "cached_hr_c", "cached_hr_uc"):
            if hasattr(kind, cache):
                setattr(kind, cache, [None, None])
    if picture is not None:
        p = kinds.StableDiffusionProcessingImg2Img(
            **common, init_images=[picture], denoising_strength=case["strength"], mask=mask, mask_blur=case.get("blur", 4),
            inpainting_fill=1, inpaint_full_res=False, resize_mode=0)
        p.image_mask = mask
    else:
        p = kinds.StableDiffusionProcessingTxt2Img(**common)
        if "hires" in case:
            p.enable_hr, p.hr_scale, p.hr_second_pass_steps = True, case["hires"]["scale"], case["hires"]["steps"]
            p.denoising_strength, p.hr_upscaler = case["hires"]["strength"], "Latent"
            p.hr_prompts, p.hr_negative_prompts = [case["prompt"]], [case["negative"]]
    p.fill_fields_from_opts()
    seeds = [reference.SEED]
    p.prompts = p.all_prompts = p.all_hr_prompts = [case["prompt"]]
    p.negative_prompts = p.all_negative_prompts = p.all_hr_negative_prompts = [case["negative"]]
    p.seeds = p.all_seeds = seeds
    p.subseeds = p.all_subseeds = [0]
    p.init(p.all_prompts, p.all_seeds, p.all_subseeds)
    p.rng = kit.rng.ImageRNG((4, p.height // 8, p.width // 8), p.seeds, subseeds=p.subseeds)
    p.setup_conds()
    return p.sample(conditioning=p.c, unconditional_conditioning=p.uc, seeds=p.seeds, subseeds=p.subseeds, subseed_strength=0,
                    prompts=p.prompts)
