"""Work folders made of what the repository holds: the model folder, and beside it the weights that no model folder has.

    python -m recipe.run pack --work WORK          writes checkpoint/: Mini-CLIP's picture tower and heads, and the judge
    python -m recipe.run unpack --work WORK        makes a work folder of it and of the model, in which every stage trains on
"""

import json
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import load_file, save_file

from . import train, world

FOLDER = Path(__file__).parent.parent / "checkpoint"
TOWER = "text_model."  # before the text tower's names in the model folder


def pack(place: train.Place, folder: Path = FOLDER) -> None:
    """Writes the averaged heads and the other weights in float16, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    read = lambda name: train.load(place.work / f"{name}.pt")
    unet = read("unet")
    parts = {"agreement": unet["average"]["agreement"], "pictures": read("clip")["pictures"], "probe": read("probe")}
    for name, weights in parts.items():
        half = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
        save_file({k: v.contiguous() for k, v in half.items()}, folder / f"{name}.safetensors")
    facts = {"samples": unet["samples"], "scaling_factor": read("vae")["scaling_factor"], "pixels": place.pixels,
             "attributes": world.ATTRIBUTES}  # what the judge's answers mean, for readers in other languages
    (folder / "checkpoint.json").write_text(json.dumps(facts, indent=1) + "\n")


def unpack(place: train.Place, folder: Path, model: Path) -> None:
    """Writes unet.pt, clip.pt, vae.pt and probe.pt as the stages leave them."""
    facts = json.loads((folder / "checkpoint.json").read_text())
    whole = lambda weights: {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
    kept = {name: whole(load_file(folder / f"{name}.safetensors")) for name in ("agreement", "pictures", "probe")}
    text = {k.removeprefix(TOWER): v for k, v in published(model, "text_encoder").items() if k.startswith(TOWER)}
    average = {"unet": published(model, "unet"), "text": text, "agreement": kept["agreement"]}
    vae = published(model, "vae_encoder") | published(model, "vae_decoder")
    train.save({"samples": facts["samples"], "latest": average, "average": average}, place.work / "unet.pt")
    train.save({"text": text, "agreement": kept["agreement"], "pictures": kept["pictures"]}, place.work / "clip.pt")
    train.save({"weights": vae, "scaling_factor": facts["scaling_factor"]}, place.work / "vae.pt")
    train.save(kept["probe"], place.work / "probe.pt")


def published(model: Path, part: str) -> dict[str, torch.Tensor]:
    """The weights of a network in the model folder, under PyTorch's names."""
    stored = onnx.load(model / part / "model.onnx").graph.initializer
    arrays = {weight.name: numpy_helper.to_array(weight) for weight in stored}
    return {name: torch.from_numpy(array.copy()).float() for name, array in arrays.items()}
