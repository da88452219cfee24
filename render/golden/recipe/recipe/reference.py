"""The pipelines as the reference loads them, and what all records share."""

import warnings
from pathlib import Path

import diffusers
import torch

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)

PROMPT, NEGATIVE, SEED, SIDE = "a red boat on a blue sea", "clouds, rain", 1234, 64
STEPS, GUIDANCES = (1, 4, 10, 20), (1.0, 7.5)
FAMILIES = ("sd1", "sd2v", "sdxl", "lcm")
HALF = "-fp16"


def load(work: Path, name: str):
    """A pipeline by its name. What ends in HALF has its weights rounded to float16 and calculates in float32."""
    pipe = diffusers.DiffusionPipeline.from_pretrained(work / "torch" / name.removesuffix(HALF), safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    if name.endswith(HALF):
        for part in pipe.components.values():
            if isinstance(part, torch.nn.Module):
                for weight in part.parameters():
                    weight.data = weight.data.half().float()
    return pipe


class Calls:
    """Watches what a UNet is asked: the time, and the latents of the first picture of the batch."""

    def __init__(self, unet):
        self.seen = []
        self.hook = unet.register_forward_pre_hook(self.note, with_kwargs=True)

    def note(self, _, args, named):
        sample, time = args[0], args[1] if len(args) > 1 else named["timestep"]
        self.seen.append((float(torch.as_tensor(time).flatten()[0]), sample[0].clone()))

    def close(self):
        self.hook.remove()
        return self.seen


def keep_calls(store, calls) -> dict:
    return dict(times=[t for t, _ in calls], inputs=store.numbers(torch.stack([x for _, x in calls])))


def sample_pixels(picture, case: int):
    """192 of a picture's 12,288 bytes: every 64th, beginning elsewhere in each case."""
    return picture.flatten()[case % 64::64].tolist()
