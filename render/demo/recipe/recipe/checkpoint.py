"""Checkpoints small enough to keep in the repository: the weights of every stage in float16, one file each.

    python -m recipe.run pack --work WORK          writes them into checkpoint/
    python -m recipe.run unpack --work WORK        makes a work folder of them, in which every stage trains on
"""

import json
from pathlib import Path

from safetensors.torch import load_file, save_file

from . import train, world

FOLDER = Path(__file__).parent.parent / "checkpoint"


def pack(place: train.Place, folder: Path = FOLDER) -> None:
    """Writes the averaged weights of UNet and text tower, Mini-CLIP, the VAE and the judge."""
    folder.mkdir(parents=True, exist_ok=True)
    read = lambda name: train.load(place.work / f"{name}.pt")
    unet, vae, clip = read("unet"), read("vae"), read("clip")
    parts = {**unet["average"], "pictures": clip["pictures"], "vae": vae["weights"], "probe": read("probe")}
    for name, weights in parts.items():
        half = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
        save_file({k: v.contiguous() for k, v in half.items()}, folder / f"{name}.safetensors")
    facts = {"samples": unet["samples"], "scaling_factor": vae["scaling_factor"], "pixels": place.pixels,
             "attributes": world.ATTRIBUTES}  # what the judge's answers mean, for readers in other languages
    (folder / "checkpoint.json").write_text(json.dumps(facts, indent=1) + "\n")


def unpack(place: train.Place, folder: Path = FOLDER) -> None:
    """Writes clip.pt, vae.pt and probe.pt, and unet.pt if there is one worth its bytes, as the stages leave them."""
    facts = json.loads((folder / "checkpoint.json").read_text())
    whole = lambda name: {k: v.float() if v.is_floating_point() else v for k, v in load_file(folder / f"{name}.safetensors").items()}
    tower = {name: whole(name) for name in ("text", "agreement")}
    if (folder / "unet.safetensors").exists():
        average = {"unet": whole("unet"), **tower}
        train.save({"samples": facts["samples"], "latest": average, "average": average}, place.work / "unet.pt")
    train.save({**tower, "pictures": whole("pictures")}, place.work / "clip.pt")
    train.save({"weights": whole("vae"), "scaling_factor": facts["scaling_factor"]}, place.work / "vae.pt")
    train.save(whole("probe"), place.work / "probe.pt")
