"""Records what transformers and open_clip make of images and texts, for the tests beside this folder.

    python record.py        in this folder, with transformers 5.24.0, torch 2.15.0, open_clip_torch 3.3.0, Pillow 11.3
                            (later ones resize down or across first by what is cheaper, and round otherwise)

Writes ../testdata/golden.json.gz and ../testdata/images. The towers are tiny and random, of the architectures of OpenAI's
CLIP-L, OpenCLIP-H and OpenCLIP-bigG. Their weights follow from their names, so the tests compute them too and no file of
weights is kept.
"""

import gzip
import hashlib
import json
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import open_clip
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_clip import CLIPImageProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

HERE = Path(__file__).parent
DATA = HERE.parent / "testdata"
TOKENIZER = HERE.parent.parent / "demo/postcards/tokenizer"
LOGIT_SCALE = 3.9

TOWERS = {  # (width, heads, layers) of either encoder, the image's side and patches, tokens of a text, numbers of a vector
    "CLIP-L": {"act": "quick_gelu", "vision": (32, 4, 2), "text": (24, 3, 2), "side": 28, "patch": 7, "length": 77, "out": 16},
    "OpenCLIP-H": {"act": "gelu", "vision": (40, 2, 2), "text": (32, 4, 3), "side": 32, "patch": 8, "length": 20, "out": 24},
    "OpenCLIP-bigG": {"act": "gelu", "vision": (52, 4, 3), "text": (40, 5, 2), "side": 42, "patch": 14, "length": 77, "out": 32},
}
TEXTS = [
    "", "a red boat at sea", "A Picture  of a CAT!", "two words, and more: 1 2 3", "naïve café 北京 🚀",
    "a small red boat on the left of a big blue house in the snow at sunset " * 6,
]


def numbers(name: str, count: int) -> np.ndarray:
    """Uniform in -1..1, by the name of a weight: 32-bit arithmetic that the tests repeat exactly."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32  # FNV-1a
    x = (seed + np.arange(count, dtype=np.uint64) * 2654435761) % 2**32
    for _ in range(2):
        x = (x ^ (x >> np.uint64(16))) * 0x45D9F3B % 2**32
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2**31 - 1


def weight(name: str, shape: list[int]) -> torch.Tensor:
    """The weight of a canonical name."""
    if name == "logit_scale":
        return torch.tensor(LOGIT_SCALE)
    x = numbers(name, math.prod(shape)).reshape(shape)
    if "norm" in name or "layrnorm" in name:
        x = 0.2 * x + (1 if name.endswith("weight") else 0)
    elif name.endswith("bias"):
        x = 0.1 * x
    elif "embedding" in name and "patch" not in name:
        x = 0.7 * x
    else:
        x = x * math.sqrt(3 / math.prod(shape[1:]))
    return torch.from_numpy(x.astype(np.float32))


def build(t: dict, vocabulary: int) -> CLIPModel:
    part = lambda which: dict(zip(("hidden_size", "num_attention_heads", "num_hidden_layers"), t[which]),
                              intermediate_size=2 * t[which][0], hidden_act=t["act"], projection_dim=t["out"])
    text = part("text") | {"vocab_size": vocabulary, "max_position_embeddings": t["length"], "bos_token_id": vocabulary - 2,
                           "eos_token_id": vocabulary - 1, "pad_token_id": vocabulary - 1}
    vision = part("vision") | {"image_size": t["side"], "patch_size": t["patch"]}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=t["out"])).eval()
    model.load_state_dict({k: weight(k, list(v.shape)) for k, v in model.state_dict().items() if "position_ids" not in k}, strict=False)
    return model


def open_clip_config(t: dict, vocabulary: int) -> dict:
    (vw, vh, vl), (tw, th, tl) = t["vision"], t["text"]
    return {"embed_dim": t["out"], "quick_gelu": t["act"] == "quick_gelu",
            "vision_cfg": {"image_size": t["side"], "layers": vl, "width": vw, "head_width": vw // vh, "patch_size": t["patch"], "mlp_ratio": 2.0},
            "text_cfg": {"context_length": t["length"], "vocab_size": vocabulary, "width": tw, "heads": th, "layers": tl, "mlp_ratio": 2.0}}


def sources(key: str) -> dict:
    """Which weights of transformers a weight of open_clip is made of: {"of": names, "turned": whether it is transposed}."""
    top = {"visual.class_embedding": "vision_model.embeddings.class_embedding", "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
           "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight", "positional_embedding": "text_model.embeddings.position_embedding.weight",
           "token_embedding.weight": "text_model.embeddings.token_embedding.weight", "logit_scale": "logit_scale"}
    if key in top:
        return {"of": [top[key]], "turned": False}
    if key in ("visual.proj", "text_projection"):
        return {"of": ["visual_projection.weight" if key == "visual.proj" else "text_projection.weight"], "turned": True}
    image = key.startswith("visual.")
    name, model = key.removeprefix("visual."), "vision_model" if image else "text_model"
    for ours, theirs in (("ln_pre", "pre_layrnorm"), ("ln_post", "post_layernorm"), ("ln_final", "final_layer_norm")):
        if name.startswith(ours):
            return {"of": [f"{model}.{theirs}.{name.split('.')[1]}"], "turned": False}
    _, _, layer, rest = name.split(".", 3)
    prefix = f"{model}.encoder.layers.{layer}."
    if rest.startswith("attn.in_proj_"):
        return {"of": [f"{prefix}self_attn.{p}_proj.{rest.removeprefix('attn.in_proj_')}" for p in "qkv"], "turned": False}
    for ours, theirs in (("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"), ("attn.out_proj", "self_attn.out_proj")):
        if rest.startswith(ours):
            return {"of": [prefix + theirs + rest.removeprefix(ours)], "turned": False}
    raise KeyError(key)


def in_open_clip(t: dict, vocabulary: int, model: CLIPModel):
    """The same CLIP in open_clip, which must take every weight, and how its weights come about."""
    settings, state = open_clip_config(t, vocabulary), model.state_dict()
    theirs = open_clip.CLIP(**settings).eval()
    made, origin = {}, {}
    for key, value in theirs.state_dict().items():
        if key == "attn_mask":
            continue
        origin[key] = sources(key) | {"shape": list(value.shape)}
        parts = [state[name].T if origin[key]["turned"] else state[name] for name in origin[key]["of"]]
        made[key] = torch.cat(parts) if len(parts) > 1 else parts[0]
    missing, unexpected = theirs.load_state_dict(made, strict=False)
    assert not unexpected and set(missing) <= {"attn_mask"}, (missing, unexpected)
    return theirs, origin


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_deep(path: Path, levels: np.ndarray) -> None:
    """A PNG of 16 bits a channel, which Pillow cannot write in colour: uint16 [h,w,1, 3 or 4]."""
    h, w, c = levels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels.reshape(h, w * c))
    head = struct.pack(">IIBBBBB", w, h, 16, {1: 0, 3: 2, 4: 6}[c], 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def scene(width: int, height: int, channels: int, seed: int) -> np.ndarray:
    """Smooth colours with hard edges, in 0..1 [h,w,channels]."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = [(np.sin(7 * x + c + seed) * np.cos(5 * y - c) + 1) / 2 for c in range(channels)]
    picture = np.stack(planes, 2)
    picture[(np.floor(9 * x) + np.floor(7 * y)) % 3 == seed % 3] *= 0.3
    return picture


def draw_images() -> None:
    folder = DATA / "images"
    folder.mkdir(parents=True, exist_ok=True)
    bytes_of = lambda *a: (scene(*a) * 255).round().astype(np.uint8)
    save = lambda name, levels, mode: Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels, mode).save(folder / f"{name}.png", optimize=True)
    for name, size in {"exact": (28, 28), "odd": (37, 53), "tall": (9, 90), "wide": (91, 23), "tiny": (3, 5), "large": (150, 101)}.items():
        save(name, bytes_of(*size, 3, len(name)), "RGB")
    save("grey", bytes_of(40, 31, 1, 2), "L")
    save("grey-alpha", bytes_of(20, 26, 2, 3), "LA")
    save("alpha", bytes_of(45, 39, 4, 4), "RGBA")
    Image.fromarray(bytes_of(25, 35, 3, 5), "RGB").quantize(12).save(folder / "palette.png", transparency=3)
    for name, args in {"grey-16": (33, 47, 1, 6), "colour-16": (30, 29, 3, 7), "alpha-16": (27, 38, 4, 8)}.items():
        write_deep(folder / f"{name}.png", (scene(*args) * 65535).round().astype(np.uint16))


def open_image(name: str) -> Image.Image:
    """As Pillow opens it, but for grey of 16 bits, of which it would make white of all above 255: there the upper 8 bits."""
    picture = Image.open(DATA / "images" / f"{name}.png")
    if picture.mode.startswith("I"):
        return Image.fromarray((np.array(picture).astype(np.uint16) >> 8).astype(np.uint8), "L")
    return picture


SETTINGS = {  # of the preprocessor; the result is bytes
    "usual": {},
    "larger before the cut": {"size": {"shortest_edge": 36}},
    "smaller before the cut": {"size": {"shortest_edge": 21}},
    "an old form": {"size": 30, "crop_size": 28},
    "squashed": {"size": {"height": 28, "width": 28}, "do_center_crop": False, "resample": 2},
    "Lanczos": {"resample": 1},
}


def prepared(names: list[str]) -> dict:
    found = {}
    for label, settings in SETTINGS.items():
        whole = {"size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}, "do_rescale": False, "do_normalize": False} | settings
        own = CLIPImageProcessorPil(**whole)
        pixels = {n: np.asarray(own(open_image(n), return_tensors="np")["pixel_values"][0]).astype(np.uint8) for n in names}
        found[label] = {"config": whole, "pixels": {n: hashlib.sha256(p.tobytes()).hexdigest() for n, p in pixels.items()}}
    return found


@torch.no_grad()
def record(t: dict, tokenizer, names: list[str], half: bool) -> dict:
    vocabulary = len(tokenizer)
    model = build(t, vocabulary)
    if half:
        model.load_state_dict({k: v.half().float() if v.ndim else v for k, v in model.state_dict().items()})
    theirs, origin = in_open_clip(t, vocabulary, model)
    unit = lambda v: torch.nn.functional.normalize(v, dim=-1)
    processor = lambda kind: kind(size={"shortest_edge": t["side"]}, crop_size={"height": t["side"], "width": t["side"]})
    images, texts, backends = {}, {}, 0.0
    for name in names:
        look = lambda kind: torch.as_tensor(np.asarray(processor(kind)(open_image(name), return_tensors="pt")["pixel_values"]))
        pixels = look(CLIPImageProcessorPil)
        ours = unit(model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output))[0]
        assert (ours - unit(theirs.encode_image(pixels))[0]).abs().max() < 1e-5, name
        other = unit(model.visual_projection(model.vision_model(pixel_values=look(CLIPImageProcessor)).pooler_output))[0]
        backends = max(backends, (ours - other).abs().max().item())
        images[name] = ours
    for text in TEXTS:
        ids = tokenizer(text, padding="max_length", truncation=True, max_length=t["length"], return_tensors="pt")["input_ids"]
        ours = unit(model.text_projection(model.text_model(input_ids=ids).pooler_output))[0]
        assert (ours - unit(theirs.encode_text(ids))[0]).abs().max() < 1e-5, text
        texts[text] = ours
    print(f"{t['act']}: transformers' two image processors are {backends:.1e} apart; cosines "
          f"{torch.stack(list(images.values())) @ torch.stack(list(texts.values())).T}")
    short = lambda vectors: {k: [float(f"{x:.7g}") for x in v.tolist()] for k, v in vectors.items()}
    return {"config": json.loads(model.config.to_json_string(use_diff=False)), "open_clip": open_clip_config(t, vocabulary), "half": half,
            "weights": {k: list(v.shape) for k, v in model.state_dict().items() if "position_ids" not in k}, "open_clip_weights": origin,
            "scale": min(100, math.exp(LOGIT_SCALE)), "images": short(images), "texts": short(texts)}


def main() -> None:
    torch.set_num_threads(1)
    draw_images()
    tokenizer = CLIPTokenizer.from_pretrained(TOKENIZER)
    names = sorted(path.stem for path in (DATA / "images").glob("*.png"))
    golden = {"prepared": prepared(names), "towers": {name: record(t, tokenizer, names, half=name.endswith("bigG")) for name, t in TOWERS.items()}}
    with gzip.GzipFile(DATA / "golden.json.gz", "wb", mtime=0) as f:
        f.write(json.dumps(golden, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
