"""Prints how long a checkpoint file of Stable Diffusion 1.5 or SDXL takes until it can be painted with: in diffusers and in darkroom,
in turn, each time in a new process. Run by hand, with a Python that has diffusers, at the top of this repository:

    go build -o bench ./cmd/bench && python render/bench/ready.py CHECKPOINT ./bench [--kind sdxl] [--rounds 3] [--step]

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


def pipeline(kind: str):
    """A pipeline of that shape without weights."""
    import torch

    import shape

    shape.EulerDiscreteScheduler = lambda **_: shape.PNDMScheduler()  # the other cannot be made without values
    with torch.device("meta"):
        return getattr(shape, kind)()


def configure(folder: Path, kind: str) -> None:
    """The configuration that diffusers would fetch for such a file."""
    p = pipeline(kind)
    p.save_config(folder)
    for name in ("unet", "vae", "scheduler"):
        getattr(p, name).save_config(folder / name)
    for name in ("tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2"):
        if part := getattr(p, name, None):
            (part if "tokenizer" in name else part.config).save_pretrained(folder / name)


def own_memory() -> int:
    """Bytes of this process that are no page of a file."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) << 10
    return 0


def step(unet, dtype) -> None:
    """A guided step of 256×256 pixels."""
    import torch

    wide = unet.config.cross_attention_dim
    more = dict(text_embeds=torch.zeros(2, 1280, dtype=dtype), time_ids=torch.zeros(2, 6, dtype=dtype)) if wide == 2048 else {}
    with torch.no_grad():
        unet(torch.randn(2, 4, 32, 32, dtype=dtype), 500, torch.randn(2, 77, wide, dtype=dtype), added_cond_kwargs=more)


def diffusers(checkpoint: str, folder: str, dtype: str, with_step: bool) -> None:
    """Loads it in this process, and prints seconds, seconds of processor time, both without imports, and bytes of own memory
    after loading and after a step."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer  # noqa: F401, so that imports are not counted

    cpu, began = time.process_time(), time.time()
    kind = StableDiffusionXLPipeline if (Path(folder) / "text_encoder_2").exists() else StableDiffusionPipeline
    p = kind.from_single_file(checkpoint, config=folder, torch_dtype=getattr(torch, dtype), local_files_only=True)
    times, loaded = [time.time() - began, time.process_time() - cpu], own_memory()
    if with_step:
        step(p.unet, getattr(torch, dtype))
    print(json.dumps(times + [loaded, own_memory()]))


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
    args.add_argument("--kind", choices=("sd15", "sdxl"), default="sd15")
    args.add_argument("--dtypes", nargs="+", default=("float32", "float16"))
    args.add_argument("--step", action="store_true", help="let diffusers make a step too, and tell its own memory after it")
    args.add_argument("--only", nargs=2, metavar=("FOLDER", "DTYPE"), help="only load with diffusers, with that configuration")
    a = args.parse_args()
    if a.only:
        return diffusers(a.checkpoint, *a.only, a.step)
    with open(a.checkpoint, "rb") as f:
        while f.read(1 << 24):
            pass
    ours = [a.bench, "--model", a.checkpoint, "--paints", "0"]
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder), a.kind)
        timed(ours)  # so that it is hashed
        for _ in range(a.rounds):
            for dtype in a.dtypes:
                own = [sys.executable, __file__, a.checkpoint, a.bench, "--only", folder, dtype] + ["--step"] * a.step
                line, whole = timed(own)
                *times, loaded, stepped = json.loads(line)
                rows.setdefault(f"diffusers {dtype}, loading", []).append(times)
                print(f"diffusers {dtype}: {loaded >> 20} MiB of its own when loaded, {stepped >> 20} MiB in the end")
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
