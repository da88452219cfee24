"""The pipelines as the reference loads them, and what all records share."""

import types
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
    encoder = pipe.text_encoder
    if not hasattr(encoder, "text_model"):  # transformers 5 names it no more, and diffusers' clip_skip still asks for it
        encoder.text_model = types.SimpleNamespace(final_layer_norm=encoder.final_layer_norm)
    if name.endswith(HALF):
        for part in pipe.components.values():
            if isinstance(part, torch.nn.Module):
                for weight in part.parameters():
                    weight.data = weight.data.half().float()
    quicken(pipe.unet.requires_grad_(False))
    return pipe


@torch.no_grad()
def quicken(unet) -> None:
    """Has torch run its own trace of the UNet, once for each shape: the same operations with half the overhead."""
    slow, traces = unet.forward, {}

    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = [unet]

        def forward(self, sample, timestep, hidden, *more):
            return slow(sample, timestep, hidden, return_dict=False, **named(more))[0]

    def named(more):
        if unet.config.addition_embed_type == "text_time":
            return dict(added_cond_kwargs=dict(text_embeds=more[0], time_ids=more[1]))
        return dict(timestep_cond=more[0]) if more else {}

    def forward(sample, timestep, encoder_hidden_states, timestep_cond=None, added_cond_kwargs=None, return_dict=True, **_):
        more = [timestep_cond] if timestep_cond is not None else list((added_cond_kwargs or {}).get(k) for k in ("text_embeds", "time_ids"))
        feed = [sample, torch.as_tensor(timestep, dtype=torch.float32), encoder_hidden_states] + [m for m in more if m is not None]
        key = tuple(x.shape for x in feed)
        if key not in traces:
            traces[key] = torch.jit.trace(Inner().eval(), tuple(feed), check_trace=False)
        out = traces[key](*feed)
        return types.SimpleNamespace(sample=out) if return_dict else (out,)

    unet.forward = forward


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
