"""Checkpoint files as people have them, around the tiny models: one model in several namings and element types. What is
committed says only which weight lies under which key; goldentest.Checkpoint writes the same files from it in Go.

Each file that diffusers' own single-file loader takes is read by it here, and must give every weight back: it is the
reference for names.
"""

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import diffusers
import torch
from transformers import CLIPTokenizer

from . import formula, ldmnames, tiny

PROMPTS = ("a red boat on a blue sea", "clouds, rain",
           "Dalí's café, 2023: a very detailed photograph of the old harbour at dawn!! 4k", "")
# As the repositories say it whose configurations diffusers takes for a single file: Stable Diffusion's leave the spacing
# of timesteps to each scheduler.
SCHEDULE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, steps_offset=1,
                prediction_type="epsilon", set_alpha_to_one=False, skip_prk_steps=True, clip_sample=False)
SDXL_SCHEDULE = SCHEDULE | dict(timestep_spacing="leading", interpolation_type="linear", sample_max_value=1.0, use_karras_sigmas=False)
VELOCITY = dict(prediction_type="v_prediction")
ZERO_SNR = VELOCITY | dict(rescale_betas_zero_snr=True, timestep_spacing="trailing")
BIASED = {"conv_out.bias": (0.1, -1.5)}  # a v-model by A1111's probe: at the last timestep it answers far below its input
LDM, SGM = "cond_stage_model.", "conditioner.embedders."


class Part:
    """The weights of a group under the keys of a naming, after a prefix, in one element type."""

    def __init__(self, group, naming, prefix="", dtype="F32", override=None):
        self.group, self.naming, self.prefix, self.dtype, self.override = group, naming, prefix, dtype, override


class Book:
    """All weights, all namings, and the files made of them."""

    def __init__(self, tokens):
        self.weights = dict(tiny.all_weights(tokens))
        self.tokens, self.namings, self.files, self.models = tokens, {}, {}, {}
        for name in tiny.UNETS:
            config = tiny.bare(tiny.UNETS[name]).config
            keys = self.weights[name + ".unet"].rules
            self.namings.setdefault("ldm.unet." + self.kind(name), [[ldmnames.unet(n, config), [n]] for n in keys])
            # An average of the weights over the training, whose keys have lost their dots.
            self.namings.setdefault("ema." + self.kind(name), [
                ["model_ema." + ("diffusion_model." + ldmnames.unet(n, config)).replace(".", ""), [n]] for n in keys])
        with torch.device("meta"):
            vae = diffusers.AutoencoderKL(**tiny.VAE)
        keys = self.weights["vae"].rules
        self.namings["ldm.vae"] = [[ldmnames.vae(n, vae.config), [n], *(["C"] if ldmnames.vae_shape(n, [0]) != [0] else [])]
                                   for n in keys]
        for name in ("open-clip-h", "open-clip-g"):
            self.namings[name] = [[k, s, *(["T"] if t else [])] for k, (s, t) in ldmnames.open_clip(self.weights[name].rules).items()]
        # As transformers from 5.6 on saves a CLIPTextModel, and as old merges have it.
        self.namings["flat.clip-l"] = [[n.removeprefix("text_model."), [n]] for n in self.weights["clip-l"].rules]

    @staticmethod
    def kind(name: str) -> str:
        return "sd1" if name == "inpaint" else name

    def naming(self, part: Part) -> list:
        return self.namings[part.naming] if part.naming else [[n, [n]] for n in self.weights[part.group].rules]

    def tensors(self, part: Part):
        weights = self.weights[part.group]
        for key, sources, *form in self.naming(part):
            values = [weights.value(s, part.override) for s in sources]
            value = torch.cat(values) if len(values) > 1 else values[0]
            if form == ["T"]:
                value = value.T
            if form == ["C"]:
                value = value[:, :, None, None]
            yield part.prefix + key, value.to(formula.DTYPES[part.dtype]).contiguous()

    def add(self, name: str, path: str, parts, extra=()) -> None:
        self.files.setdefault(name, []).append(dict(path=path, parts=list(parts), extra=list(extra)))

    def write(self, name: str, folder: Path) -> Path:
        for file in self.files[name]:
            tensors = {k: v for p in file["parts"] for k, v in self.tensors(p)}
            tensors |= {k: extra_value(k, *e) for k, *e in file["extra"]}
            file["sum"] = write(folder / file["path"], tensors)
        return folder / self.files[name][0]["path"]

    def packed(self) -> dict:
        groups = {p.group for files in self.files.values() for f in files for p in f["parts"]}
        used = {p.naming for files in self.files.values() for f in files for p in f["parts"] if p.naming}
        part = lambda p: {k: v for k, v in vars(p).items() if v}
        return dict(
            tokens=list(self.tokens), weights={g: self.weights[g].packed() for g in sorted(groups)},
            namings={n: self.namings[n] for n in sorted(used)},
            models={n: dict(files=[f | dict(parts=[part(p) for p in f["parts"]]) for f in files], configs=self.models.get(n, {}))
                    for n, files in self.files.items()})


def extra_value(key: str, dtype: str, shape, *content) -> torch.Tensor:
    """A tensor that is no weight: counted up for positions, one number, or what the formula draws."""
    if dtype == "I64":
        return torch.arange(torch.Size(shape).numel()).reshape(shape)
    drawn = content[0] if content else (1, 0)
    return formula.values("extra/" + key, shape, *drawn).to(formula.DTYPES[dtype])


def write(path: Path, tensors: dict) -> str:
    """A safetensors file in the order of a dictionary, and the hash of its data. Zeros of an embedding are left to a hole."""
    names = {v: k for k, v in formula.DTYPES.items()}
    at, header = 0, {"__metadata__": {"format": "pt"}}
    for key, value in tensors.items():
        size = value.numel() * value.element_size()
        header[key] = dict(dtype=names[value.dtype], shape=list(value.shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)
        for key, value in tensors.items():
            if not value.numel():
                continue
            sparse = "token_embedding" in key
            data = value.reshape(len(value) if sparse else 1, -1).view(torch.uint8)
            rows = value.float().abs().sum(1).nonzero().flatten().tolist() if sparse else range(1)
            start = 8 + len(text) + header[key]["data_offsets"][0]
            for r in rows:
                chunk = data[r].numpy().tobytes()
                file.seek(start + r * len(chunk))
                file.write(chunk)
                digest.update(chunk)
    return digest.hexdigest()


POSITIONS = "embeddings.position_ids", "I64", [1, 77]
SCHEDULES = [["alphas_cumprod", "F32", [1000]], ["betas", "F32", [1000]]]


def sd1(dtype="F32", unet="sd1", vae="F32", text=None, **more) -> list:
    parts = [Part(unet + ".unet", "ldm.unet.sd1", "model.diffusion_model.", dtype)]
    parts += [Part("vae", "ldm.vae", "first_stage_model.", vae or dtype)] if vae != "none" else []
    return parts + [Part("clip-l", more.get("clip"), more.get("prefix", LDM + "transformer."), text or dtype)]


def sd2(dtype, **more) -> list:
    return [Part("sd2.unet", "ldm.unet.sd2", "model.diffusion_model.", dtype, **more),
            Part("vae", "ldm.vae", "first_stage_model.", dtype), Part("open-clip-h", "open-clip-h", LDM + "model.", dtype)]


def sdxl(dtype, unet="sdxl") -> list:
    parts = [Part(unet + ".unet", "ldm.unet." + unet, "model.diffusion_model.", dtype), Part("vae", "ldm.vae", "first_stage_model.", dtype)]
    if unet == "refiner":
        return parts + [Part("open-clip-g", "open-clip-g", SGM + "0.model.", dtype)]
    return parts + [Part("clip-l", None, SGM + "0.transformer.", dtype), Part("open-clip-g", "open-clip-g", SGM + "1.model.", dtype)]


def folder(book: Book, name: str, unet: str, dtype: str, fp16="", flat=True) -> None:
    """The same model as diffusers saves it. Newer ones write the first text encoder without its prefix."""
    texts = {} if unet == "refiner" else {"text_encoder": ("clip-l", "flat.clip-l" if flat else None)}
    if unet in ("sdxl", "refiner"):
        texts["text_encoder_2"] = ("open-clip-g", None)
    book.add(name, f"{name}/unet/diffusion_pytorch_model{fp16}.safetensors", [Part(unet + ".unet", None, "", dtype)])
    book.add(name, f"{name}/vae/diffusion_pytorch_model{fp16}.safetensors", [Part("vae", None, "", dtype)])
    for part, (group, naming) in texts.items():
        book.add(name, f"{name}/{part}/model{fp16}.safetensors", [Part(group, naming, "", dtype)])
    book.models[name] = {f"{name}/{p}": c for p, c in configs(unet).items()}


def library(tokens) -> Book:
    """Every file by its name."""
    book = Book(tokens)

    def add(name, parts, extra=()):
        book.add(name, name + ".safetensors", parts, extra)

    positions = lambda prefix: [[prefix + POSITIONS[0], *POSITIONS[1:]]]
    first = positions(LDM + "transformer.text_model.")
    add("sd1", sd1(), SCHEDULES + first)
    for dtype in ("F16", "BF16", "F8_E4M3", "F8_E5M2"):
        add("sd1-" + dtype.lower().replace("_", ""), sd1(dtype, vae=dtype), first)
    add("sd1-mixed", sd1("F8_E4M3", vae="F32", text="F16"), first)
    add("sd1-novae", sd1(vae="none"))
    ema = Part("sd1.unet", "ema.sd1", "", "F32", {n: (r[1], r[2] + 0.01) for n, r in book.weights["sd1.unet"].rules.items()})
    add("sd1-ema", [ema] + sd1(), [["model_ema.decay", "F32", [], (0, 0.9999)], ["model_ema.num_updates", "F32", []]] + first)
    add("sd1-merged", sd1(clip="flat.clip-l"), [[LDM + "transformer." + POSITIONS[0], "F16", [1, 77], (0, 1)]])
    add("sd1-named", sd1_named())
    folder(book, "sd1-folder", "sd1", "F32")
    add("inpaint", sd1("F16", "inpaint", "F16"), first)
    add("sd2-base", sd2("F32"), [[LDM + "model.logit_scale", "F32", [], (0, 4.6)]])
    add("sd2-v", sd2("F16", override=BIASED))
    add("sdxl", sdxl("F32"), positions(SGM + "0.transformer.text_model."))
    add("sdxl-f16", sdxl("F16"), positions(SGM + "0.transformer.text_model.") + [[SGM + "1.model.logit_scale", "F16", [], (0, 4.6)]])
    add("sdxl-vpred", sdxl("F16"), [["v_pred", "F32", [0]], ["ztsnr", "F32", [0]]])
    folder(book, "sdxl-folder", "sdxl", "F16", ".fp16")
    add("refiner", sdxl("F16", "refiner"))
    folder(book, "refiner-folder", "refiner", "F16")
    add("ssd", sdxl("F16", "ssd"))
    add("vae", [Part("own-vae", "ldm.vae")])
    add("vae-named", [Part("own-vae", None)])
    return book


def sd1_named() -> list:
    """One file by diffusers' names, after the names of the parts."""
    return [Part("sd1.unet", None, "unet."), Part("vae", None, "vae."), Part("clip-l", None, "text_encoder.")]


REFERENCES = {"sd1": diffusers.StableDiffusionPipeline, "inpaint": diffusers.StableDiffusionInpaintPipeline,
              "sd2": diffusers.StableDiffusionPipeline, "sdxl": diffusers.StableDiffusionXLPipeline,
              "ssd": diffusers.StableDiffusionXLPipeline, "refiner": diffusers.StableDiffusionXLImg2ImgPipeline}


def text_configs(unet: str) -> dict:
    """The configurations of a model's text encoders, by diffusers' names of the parts."""
    if unet == "sd2":  # of whose last layer nothing is used
        dropped = tiny.TEXTS["open-clip-h"].to_dict()
        return {"text_encoder": dropped | dict(num_hidden_layers=dropped["num_hidden_layers"] - 1)}
    out = {} if unet == "refiner" else {"text_encoder": tiny.TEXTS["clip-l"].to_dict()}
    if unet in ("sdxl", "ssd", "refiner"):
        out["text_encoder_2"] = tiny.TEXTS["open-clip-g"].to_dict()
    return out


def configs(unet: str, **schedule) -> dict:
    """The JSON files of a diffusers folder: path -> value."""
    xl = unet in ("sdxl", "ssd", "refiner")
    kind = "EulerDiscreteScheduler" if xl else "DDIMScheduler" if schedule else "PNDMScheduler"
    schedule = (SDXL_SCHEDULE if xl else SCHEDULE) | schedule
    vae = tiny.VAE | dict(scaling_factor=0.13025 if xl else 0.18215, _class_name="AutoencoderKL")
    out = {"unet/config.json": tiny.UNETS[unet] | dict(_class_name="UNet2DConditionModel"), "vae/config.json": vae,
           "scheduler/scheduler_config.json": schedule | dict(_class_name=kind)}
    index = dict(_class_name=REFERENCES[unet].__name__, unet=["diffusers", "UNet2DConditionModel"],
                 vae=["diffusers", "AutoencoderKL"], scheduler=["diffusers", kind])
    for part in ("text_encoder", "text_encoder_2"):
        tokenizer = part.replace("text_encoder", "tokenizer")
        if config := text_configs(unet).get(part):
            kind = "CLIPTextModelWithProjection" if part.endswith("2") else "CLIPTextModel"
            out[part + "/config.json"] = {k: v for k, v in config.items() if k != "transformers_version"} | dict(architectures=[kind])
            index |= {part: ["transformers", kind], tokenizer: ["transformers", "CLIPTokenizer"]}
        elif xl:
            index |= {part: [None, None], tokenizer: [None, None]}
    if xl:
        index |= dict(force_zeros_for_empty_prompt=unet != "refiner")
        if unet == "refiner":
            index |= dict(requires_aesthetics_score=True)
    else:
        index |= dict(safety_checker=[None, None], feature_extractor=[None, None], requires_safety_checker=False)
    return out | {"model_index.json": index}


def vocabulary(folder: Path) -> None:
    """CLIP's vocabulary, out of open_clip's package, as Hugging Face's tokenizer reads it."""
    import open_clip
    from open_clip.tokenizer import bytes_to_unicode

    text = gzip.decompress((Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz").read_bytes()).decode()
    merges = text.split("\n")[1:49152 - 256 - 2 + 1]
    words = list(bytes_to_unicode().values())
    words += [w + "</w>" for w in words] + ["".join(m.split()) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")


def tokenizer(work: Path, pad="<|endoftext|>") -> CLIPTokenizer:
    vocabulary(work / "vocabulary")
    return CLIPTokenizer.from_pretrained(work / "vocabulary", pad_token=pad, model_max_length=77)


def used_tokens(work: Path) -> tuple:
    ids = set(range(tiny.COMMON_TOKENS)) | {49406, 49407}
    for prompt in PROMPTS:
        ids |= set(tokenizer(work)(prompt).input_ids)
    return tuple(sorted(ids))


def reference(book: Book, name: str, unet: str, work: Path, **schedule):
    """A file as diffusers' own loader reads it, computing in float32."""
    shape = work / "shape" / unet
    if shape.exists():
        shutil.rmtree(shape)
    for path, value in configs(unet, **schedule).items():
        (shape / path).parent.mkdir(parents=True, exist_ok=True)
        (shape / path).write_text(json.dumps(value))
    for part in text_configs(unet):
        # All but Stable Diffusion 1 fill chunks up with "!"; the second encoder of SDXL, and the only one of 2.
        zero = unet == "sd2" or part == "text_encoder_2"
        tokenizer(work, "!" if zero else "<|endoftext|>").save_pretrained(shape / part.replace("text_encoder", "tokenizer"))
    path = book.write(name, work / "files")
    pipe = REFERENCES[unet].from_single_file(path, config=str(shape), torch_dtype=torch.float32, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def check_names(book: Book, name: str, pipe) -> None:
    """Every weight must have come out of diffusers' loader as it went in."""
    for part in book.files[name][0]["parts"]:
        if part.naming and part.naming.startswith("ema"):
            continue
        module = {"clip-l": "text_encoder", "open-clip-h": "text_encoder", "open-clip-g": "text_encoder_2", "vae": "vae"}
        module = getattr(pipe, module.get(part.group, "unet"))
        have = {k if k.startswith("text_") else "text_model." + k: v for k, v in module.state_dict().items()} \
            if "clip" in part.group else module.state_dict()
        for key, want in book.weights[part.group].state(part.override, part.dtype).items():
            if part.group == "open-clip-h" and (".layers.23." in key or "projection" in key):
                continue
            if key not in have or not torch.equal(have[key].float(), want):
                raise ValueError(f"{name}: diffusers reads {key} otherwise")


def pack(work: Path, testdata: Path) -> None:
    """Writes every file once for its hash, and what is committed of all."""
    from . import loras

    book = library(used_tokens(work))
    loras.add(book)
    for name in book.files:
        book.write(name, work / "files").unlink()
    text = json.dumps(book.packed(), separators=(",", ":"), ensure_ascii=False)
    packed = gzip.compress(text.encode(), 9, mtime=0)
    (testdata / "checkpoints.json.gz").write_bytes(packed)
    print(f"{len(book.files)} checkpoints, {len(packed)} bytes")
