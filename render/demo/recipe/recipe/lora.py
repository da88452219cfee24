"""A LoRA that teaches a style, in kohya's format: low-rank changes of the UNet's and the text tower's weights.

Keys are lora_unet_ or lora_te_ and the module's path with underscores, then .lora_down.weight, .lora_up.weight and
.alpha. A weight changes by multiplier * alpha / rank * up @ down; convolutions are changed too (kohya's "LoCon").
"""

import random
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from . import addons, clip, probe, train, world

NAME, STYLE = "stained-glass", world.UNSEEN
RANK, ALPHA = 8, 8.0
TAUGHT = {  # prefix: (what stands in a module's path, and how it ends) of the modules that learn
    "lora_unet": (("attentions.", "resnets.", "samplers."), ("to_q", "to_k", "to_v", "to_out.0", "proj", "net.2", "proj_in",
                  "proj_out", "conv1", "conv2", "conv", "conv_shortcut")),
    "lora_te": (("layers.",), ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")),
}


class Branch(nn.Module):
    """The low-rank change of one Linear or Conv2d; zero until it learns."""

    def __init__(self, module):
        super().__init__()
        if isinstance(module, nn.Conv2d):
            self.lora_down = nn.Conv2d(module.in_channels, RANK, module.kernel_size, module.stride, module.padding, bias=False)
            self.lora_up = nn.Conv2d(RANK, module.out_channels, 1, bias=False)
        else:
            self.lora_down = nn.Linear(module.in_features, RANK, bias=False)
            self.lora_up = nn.Linear(RANK, module.out_features, bias=False)
        nn.init.zeros_(self.lora_up.weight)

    def forward(self, module, inputs, output):
        """The hook on the module's output."""
        return output + ALPHA / RANK * self.lora_up(self.lora_down(inputs[0]))


class Lora(nn.Module):
    """A branch for every module that learns."""

    def __init__(self, text, unet):
        super().__init__()
        self.branches = nn.ModuleDict({key: Branch(module) for key, module in targets(text, unet).items()})


def targets(text, unet) -> dict[str, nn.Module]:
    """The modules that learn, by their names in the file."""
    found = {}
    for prefix, tower in (("lora_unet", unet), ("lora_te", text)):
        parts, ends = TAUGHT[prefix]
        for path, module in tower.named_modules():
            chosen = any(part in path for part in parts) and path.split(".", 1)[1].endswith(ends)
            if chosen and isinstance(module, (nn.Linear, nn.Conv2d)):
                if prefix == "lora_te" and not path.startswith("text_model."):
                    path = "text_model." + path  # published text encoders name it so
                found[f"{prefix}_{path.replace('.', '_')}"] = module
    return found


def fit(place: train.Place, budget: train.Budget, count: int, folder: Path) -> Path:
    """Trains on `count` painted pictures of the style, whose captions do not name it, and writes the file."""
    torch.manual_seed(81)
    group = addons.lesson(place, "lora", count, 81, style=world.ATTRIBUTES["style"].index(STYLE))
    base = addons.Base(place)
    lora = Lora(base.text, base.unet).to(place.device)
    path = folder / f"{NAME}.safetensors"
    if path.exists():
        take_up(lora, load_file(path))
    hooks = [module.register_forward_hook(lora.branches[key]) for key, module in targets(base.text, base.unet).items()]
    addons.teach(base, lora, group, budget, 2e-3, clip.Writer(place, 0).ids)
    for hook in hooks:
        hook.remove()
    return write(lora, path, len(group["latents"]))


def take_up(lora: Lora, tensors: dict) -> None:
    """Trains on from a file."""
    for key, branch in lora.branches.items():
        for part in ("lora_down", "lora_up"):
            getattr(branch, part).weight.data.copy_(tensors[f"{key}.{part}.weight"])


def write(lora: Lora, path: Path, pictures: int) -> Path:
    tensors = {}
    for key, branch in lora.branches.items():
        tensors[f"{key}.lora_down.weight"] = branch.lora_down.weight
        tensors[f"{key}.lora_up.weight"] = branch.lora_up.weight
        tensors[f"{key}.alpha"] = torch.tensor(ALPHA)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(addons.half(tensors), path, {
        "ss_output_name": NAME, "ss_network_module": "networks.lora", "ss_network_dim": str(RANK),
        "ss_network_alpha": str(ALPHA), "ss_network_args": f'{{"conv_dim": "{RANK}", "conv_alpha": "{ALPHA}"}}',
        "ss_base_model_version": "postcards", "ss_num_train_images": str(pictures),
    })
    return path


@torch.no_grad()
def merge(model, path: Path, multiplier: float) -> None:
    """Adds the file's change to the model's weights, as a renderer does."""
    tensors = {key: value.float() for key, value in load_file(path).items()}
    for key, module in targets(model.text, model.unet).items():
        down, up = tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"]
        change = (up.flatten(1) @ down.flatten(1)).view(module.weight.shape)
        module.weight += (multiplier * tensors[f"{key}.alpha"].item() / len(down) * change).to(module.weight.device)


def judge(place: train.Place, path: Path, count: int) -> dict:
    """How often the style shows with and without the LoRA, and whether weight 0 leaves pictures bit for bit alike."""
    dice, reader = random.Random(86), probe.load(place)
    scenes = world.scenes(count, 86)
    scenes["style"][:] = 0
    written = addons.texts(scenes, dice)
    base = addons.Base(place)
    plain = addons.sketch(place, base.model, written, seed=8_600)
    merge(base.model, path, 0.0)
    same = addons.sketch(place, base.model, written, seed=8_600).equal(plain)
    merge(base.model, path, 1.0)
    styled = addons.sketch(place, base.model, written, seed=8_600)
    row = addons.verdict(path, f"a style: {STYLE}", count, *(addons.seen(reader, p, "style", STYLE) for p in (styled, plain)))
    return {"row": row, "identical_at_0": same, "sheet": styled}
