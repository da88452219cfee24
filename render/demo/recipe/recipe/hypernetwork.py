"""A hypernetwork that teaches a palette, in A1111's structure: small networks in front of every attention's keys and values.

For a context d wide there are two modules, for keys and for values, each x + linear(x), linear being d -> 2d -> d. A1111
pickles {d: (keys' state dict, values' state dict)}; here the same tensors are in a safetensors file as
"d.0.linear.0.weight" (0 keys, 1 values), and the settings as strings in its metadata.
"""

import json
import random
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from . import addons, clip, probe, train, world

NAME, PALETTE = "sepia", world.PALETTES[1]
STRUCTURE = [1, 2, 1]  # widths of the layers, as factors of the context's
SETTINGS = {"layer_structure": json.dumps(STRUCTURE), "activation_func": "relu", "is_layer_norm": "false",
            "activate_output": "false", "use_dropout": "false", "weight_initialization": "Normal", "step": "0"}


class Mlp(nn.Module):
    """x -> x + linear(x); the identity until it learns."""

    def __init__(self, width: int):
        super().__init__()
        self.linear = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        nn.init.zeros_(self.linear[2].weight)
        nn.init.zeros_(self.linear[2].bias)

    def forward(self, x):
        return x + self.linear(x)


class Hypernetwork(nn.Module):
    """Keys' and values' modules for every width of context the UNet has."""

    def __init__(self, unet):
        super().__init__()
        self.widths = nn.ModuleDict({str(d): nn.ModuleList([Mlp(d), Mlp(d)]) for d in widths(unet)})

    def hooks(self, unet) -> list:
        """Puts the modules in front of all attentions' keys and values, cross- and self-attention alike."""
        placed = []
        for path, module in unet.named_modules():
            if path.endswith(("attn1.to_k", "attn2.to_k", "attn1.to_v", "attn2.to_v")):
                inner = self.widths[str(module.in_features)][path.endswith("to_v")]
                placed.append(module.register_forward_pre_hook(lambda _, inputs, inner=inner: (inner(inputs[0]), *inputs[1:])))
        return placed


def widths(unet) -> list[int]:
    return sorted({m.in_features for path, m in unet.named_modules() if path.endswith(("attn1.to_k", "attn2.to_k"))})


def fit(place: train.Place, budget: train.Budget, count: int, folder: Path) -> Path:
    """Trains on `count` painted pictures in the palette, whose captions do not name it."""
    torch.manual_seed(83)
    group = addons.lesson(place, "hypernetwork", count, 83, palette=world.PALETTES.index(PALETTE))
    base = addons.Base(place)
    path = folder / f"{NAME}.safetensors"
    network = (load(path, base.unet).train() if path.exists() else Hypernetwork(base.unet)).to(place.device)
    hooks = network.hooks(base.unet)
    addons.teach(base, network, group, budget, 2e-3, clip.Writer(place, 0).ids)
    for hook in hooks:
        hook.remove()
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name.removeprefix("widths."): value for name, value in network.state_dict().items()}
    save_file(addons.half(tensors), path, {"name": NAME, "sd_checkpoint_name": "postcards", **SETTINGS})
    return path


def load(path: Path, unet) -> Hypernetwork:
    network = Hypernetwork(unet)
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["layer_structure"]) == STRUCTURE
        network.load_state_dict({f"widths.{key}": file.get_tensor(key).float() for key in file.keys()})
    return network.eval()


def judge(place: train.Place, path: Path, count: int) -> dict:
    """How often the palette shows with and without the hypernetwork."""
    dice, reader = random.Random(88), probe.load(place)
    written = addons.texts(world.scenes(count, 88), dice)
    base = addons.Base(place)
    plain = addons.sketch(place, base.model, written, seed=8_800)
    load(path, base.unet).to(place.device).hooks(base.unet)
    toned = addons.sketch(place, base.model, written, seed=8_800)
    row = addons.verdict(path, f"a palette: {PALETTE}", count,
                         *(addons.seen(reader, p, "palette", PALETTE) for p in (toned, plain)))
    return {"row": row, "sheet": toned}
