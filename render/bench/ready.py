"""Prints how long a checkpoint file of Stable Diffusion 1.5 takes until it can be painted with: in diffusers and in darkroom,
in turn, each time in a new process. Run by hand, with a Python that has diffusers, at the top of this repository:

    go build -o bench ./cmd/bench && python render/bench/ready.py CHECKPOINT ./bench [--rounds 3]

diffusers loads it once in float32, in which darkroom computes and a CPU should, and once in float16, as the file is. Counted
is the whole process, and of diffusers also the loading alone, without the start of Python and its imports. The file is read
once before, so that it lies in the system's memory. darkroom has its hash from a run before, as it has when it starts again.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOKENIZER = Path(__file__).parents[1] / "demo/postcards/tokenizer"
SCHEDULE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, steps_offset=1,
                skip_prk_steps=True, set_alpha_to_one=False, clip_sample=False)


def configure(folder: Path) -> None:
    """The configuration that diffusers would fetch for such a file."""
    from transformers import CLIPTokenizer

    from shape import clip_l, vae

    unet = dict(_class_name="UNet2DConditionModel", sample_size=64, block_out_channels=[320, 640, 1280, 1280], layers_per_block=2,
                cross_attention_dim=768, attention_head_dim=8,
                down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"], up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3)
    index = dict(_class_name="StableDiffusionPipeline", unet=["diffusers", "UNet2DConditionModel"], vae=["diffusers", "AutoencoderKL"],
                 scheduler=["diffusers", "PNDMScheduler"], text_encoder=["transformers", "CLIPTextModel"],
                 tokenizer=["transformers", "CLIPTokenizer"], safety_checker=[None, None], feature_extractor=[None, None],
                 requires_safety_checker=False)
    import torch

    with torch.device("meta"):
        vae(512, 0.18215).save_config(folder / "vae")
        clip_l().config.save_pretrained(folder / "text_encoder")
    CLIPTokenizer.from_pretrained(TOKENIZER).save_pretrained(folder / "tokenizer")
    for path, value in {"unet/config.json": unet, "scheduler/scheduler_config.json": SCHEDULE | dict(_class_name="PNDMScheduler"),
                        "model_index.json": index}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(value))


def diffusers(checkpoint: str, folder: str, dtype: str) -> None:
    """Loads it in this process, and prints seconds, and seconds of processor time, without imports."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from diffusers import StableDiffusionPipeline
    from transformers import CLIPTextModel, CLIPTokenizer  # noqa: F401, so that imports are not counted

    cpu, began = time.process_time(), time.time()
    StableDiffusionPipeline.from_single_file(checkpoint, config=folder, torch_dtype=getattr(torch, dtype), local_files_only=True)
    print(json.dumps([time.time() - began, time.process_time() - cpu]))


def timed(command: list) -> tuple:
    """Runs a program; its last line, seconds, and seconds of processor time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if child.returncode:
        sys.exit(child.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return child.stdout.splitlines()[-1], [time.time() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime]


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("checkpoint")
    args.add_argument("bench")
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--only", nargs=2, metavar=("FOLDER", "DTYPE"), help="only load with diffusers, with that configuration")
    a = args.parse_args()
    if a.only:
        return diffusers(a.checkpoint, *a.only)
    with open(a.checkpoint, "rb") as f:
        while f.read(1 << 24):
            pass
    ours = [a.bench, "--model", a.checkpoint, "--paints", "0"]
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder))
        timed(ours)  # so that it is hashed
        for _ in range(a.rounds):
            for dtype in ("float32", "float16"):
                line, whole = timed([sys.executable, __file__, a.checkpoint, a.bench, "--only", folder, dtype])
                rows.setdefault(f"diffusers {dtype}, loading", []).append(json.loads(line))
                rows.setdefault(f"diffusers {dtype}", []).append(whole)
            rows.setdefault("darkroom", []).append(timed(ours)[1])
    base = [statistics.median(x) for x in zip(*rows["darkroom"])]
    for name, all in rows.items():
        wall, cpu = zip(*all)
        times = [statistics.median(x) / b for x, b in zip((wall, cpu), base)]
        print(f"{name}: {', '.join(f'{w:.2f}' for w in wall)} s; {', '.join(f'{c:.2f}' for c in cpu)} s of processor time; "
              f"{times[0]:.1f} and {times[1]:.1f} of darkroom's")
    print(f"load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    main()
