"""Writes the model folder: Optimum's ONNX layout of a Stable Diffusion pipeline.

Weights are stored as float16 initializers under their PyTorch names, in PyTorch's orientation, each followed by a
Cast to float32, which ONNX Runtime folds when it loads. Inputs and outputs stay float32.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from . import arch

OPSET = 17
IR_VERSION = 8


class TextEncoder(nn.Module):
    """Names its tower `text_model`, as every published text encoder (and every LoRA) does.

    text_embeds is what CLIP compares with a picture's image_embeds.
    """

    def __init__(self, tower, projection):
        super().__init__()
        self.text_model, self.text_projection = tower, projection

    def forward(self, input_ids):
        out = self.text_model(input_ids=input_ids)
        return out.last_hidden_state, out.pooler_output, self.text_projection(out.pooler_output)


class Decoder(nn.Module):
    """Latents already divided by the scaling factor -> pixels in -1..1."""

    def __init__(self, vae):
        super().__init__()
        self.post_quant_conv, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latent_sample):
        return self.decoder(self.post_quant_conv(latent_sample))


class Encoder(nn.Module):
    """Pixels in -1..1 -> mean and log-variance, eight channels; whoever runs it draws the noise."""

    def __init__(self, vae):
        super().__init__()
        self.encoder, self.quant_conv = vae.encoder, vae.quant_conv

    def forward(self, sample):
        return self.quant_conv(self.encoder(sample))


class Denoiser(nn.Module):
    def __init__(self, unet):
        super().__init__()
        for name, child in unet.named_children():
            setattr(self, name, child)
        self.inner = [unet]  # in a list, so that parameters keep the UNet's own names

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.inner[0](sample, timestep, encoder_hidden_states, return_dict=False)[0]


def trace(module: nn.Module, inputs: dict, outputs: list[str], axes: dict, path: Path) -> None:
    """Exports one network, then halves its weights."""
    module.eval()
    torch.onnx.export(
        module, tuple(inputs.values()), str(path), dynamo=False, opset_version=OPSET, do_constant_folding=False,
        input_names=list(inputs), output_names=outputs, dynamic_axes=axes,
    )
    onnx.save(halve(onnx.load(path)), path)


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores every float32 weight as float16 and puts a Cast back to float32 in front of its users."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT:
            continue
        name = weight.name
        half = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(half, name))
        casts.append(helper.make_node("Cast", [name], [name + ".float"], name=name + ".cast", to=TensorProto.FLOAT))
        for node in graph.node:
            for i, source in enumerate(node.input):
                if source == name:
                    node.input[i] = name + ".float"
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model


def networks(text, projection, unet, vae, folder: Path) -> None:
    """The four ONNX files and their configs."""
    parts = {"text_encoder": text, "unet": unet, "vae_decoder": vae, "vae_encoder": vae}
    for name, part in parts.items():
        (folder / name).mkdir(parents=True)
        config = json.loads(part.config.to_json_string()) if name == "text_encoder" else json.loads(part.to_json_string())
        (folder / name / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    batch = {0: "batch"}
    picture = {0: "batch", 2: "height", 3: "width"}
    words = {0: "batch", 1: "sequence"}
    hidden = torch.zeros(2, arch.TEXT_LENGTH, arch.TEXT_WIDTH)
    trace(
        TextEncoder(text, projection), {"input_ids": torch.full((2, arch.TEXT_LENGTH), text.config.eos_token_id)},
        ["last_hidden_state", "pooler_output", "text_embeds"],
        {"input_ids": words, "last_hidden_state": words, "pooler_output": batch, "text_embeds": batch}, folder / "text_encoder/model.onnx",
    )
    trace(
        Denoiser(unet),
        {"sample": torch.randn(2, 4, 16, 20), "timestep": torch.tensor(500.0), "encoder_hidden_states": hidden},
        ["out_sample"],
        {"sample": picture, "encoder_hidden_states": words, "out_sample": picture}, folder / "unet/model.onnx",
    )
    trace(
        Decoder(vae), {"latent_sample": torch.randn(2, 4, 16, 20)}, ["sample"],
        {"latent_sample": picture, "sample": picture}, folder / "vae_decoder/model.onnx",
    )
    trace(
        Encoder(vae), {"sample": torch.randn(2, 3, 128, 160)}, ["latent_parameters"],
        {"sample": picture, "latent_parameters": picture}, folder / "vae_encoder/model.onnx",
    )


def pipeline(folder: Path) -> None:
    """model_index.json and the scheduler."""
    index = {
        "_class_name": "ORTStableDiffusionPipeline", "_diffusers_version": "0.35.0",
        "feature_extractor": [None, None], "requires_safety_checker": False, "safety_checker": [None, None],
        "scheduler": ["diffusers", arch.SCHEDULER["_class_name"]],
        "text_encoder": ["optimum.onnxruntime.modeling_diffusion", "ORTModelTextEncoder"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["optimum.onnxruntime.modeling_diffusion", "ORTModelUnet"],
        "vae_decoder": ["optimum.onnxruntime.modeling_diffusion", "ORTModelVaeDecoder"],
        "vae_encoder": ["optimum.onnxruntime.modeling_diffusion", "ORTModelVaeEncoder"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    (folder / "scheduler").mkdir()
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps(arch.SCHEDULER, indent=2) + "\n")


def name_safety(folder: Path) -> None:
    """Tells model_index.json of the safety checker and its preprocessor."""
    path = folder / "model_index.json"
    index = json.loads(path.read_text())
    index |= {"feature_extractor": ["transformers", "CLIPImageProcessor"], "requires_safety_checker": True,
              "safety_checker": ["diffusers", "OnnxRuntimeModel"]}
    path.write_text(json.dumps(index, indent=2) + "\n")


def publish(model, tokenizer: Path, card: dict, destination: Path) -> None:
    """Builds the whole folder of a generate.Checkpoint aside, then swaps it in, so that no reader meets a half-written model.

    Files and folders at the destination that this function does not write (README.md, upscaler) are kept.
    """
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".export-") as scratch:
        fresh = Path(scratch) / "model"
        fresh.mkdir()
        networks(model.text, model.agreement.projection, model.unet, model.vae, fresh)
        pipeline(fresh)
        shutil.copytree(tokenizer, fresh / "tokenizer")
        (fresh / "darkroom.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
        if destination.exists():
            for old in destination.iterdir():
                if not (fresh / old.name).exists():
                    (shutil.copytree if old.is_dir() else shutil.copy2)(old, fresh / old.name)
            if (fresh / "safety_checker").exists():
                name_safety(fresh)
            destination.rename(Path(scratch) / "old")
        fresh.rename(destination)
