"""What every stage's training shares: several processes, one budget, one optimiser step.

Processes with one thread each and averaged gradients are about twice as fast on a CPU as one process with as many
threads. On a GPU one process is right.
"""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


@dataclass
class Budget:
    """How long to train: so many steps, or so many minutes, whichever is over first."""

    steps: int = 10**9
    minutes: float = 1e9


@dataclass
class Place:
    """Where a stage works: its folder, its device and its share of the processes."""

    work: Path
    device: str = "cpu"
    rank: int = 0
    processes: int = 1
    pixels: int = 128  # on a side of the square pictures: 128, or 256 where there is a GPU
    start: Path | None = None  # the work folder of a model to start from, of this world or a smaller one

    @property
    def zoom(self) -> float:
        """Pixels per point of the painter."""
        return self.pixels / 128

    @property
    def leads(self) -> bool:
        return self.rank == 0


def _enter(rank, job, place, arguments):
    place.rank = rank
    torch.set_num_threads(1)
    store = dist.FileStore(str(place.work / f".rendezvous-{os.getppid()}"), place.processes)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=place.processes)
    job(place, *arguments)
    dist.destroy_process_group()


def spread(job, place: Place, *arguments) -> None:
    """Runs job(place, *arguments) in as many processes as the place says."""
    if place.processes == 1:
        job(place, *arguments)
    else:
        mp.spawn(_enter, (job, place, arguments), nprocs=place.processes)


def cores() -> int:
    """Of this process: `taskset` gives two stages a core each."""
    return len(os.sched_getaffinity(0))


class Optimiser:
    """AdamW over some modules, with warm-up, cosine decay to a twentieth, clipping and averaged gradients."""

    def __init__(self, rates: dict, budget: Budget, place: Place, warm_up: int = 100, decay: float = 0.01):
        """`rates` gives each module its highest learning rate."""
        groups = [{"params": [p for p in module.parameters() if p.requires_grad], "peak": rate}
                  for module, rate in rates.items()]
        self.parameters = [p for group in groups for p in group["params"]]
        self.inner = torch.optim.AdamW(groups, lr=0.0, weight_decay=decay, betas=(0.9, 0.99), fused=True)
        self.budget, self.place, self.warm_up = budget, place, warm_up
        self.start, self.steps, self.progress = time.monotonic(), 0, 0.0

    def minutes(self) -> float:
        return (time.monotonic() - self.start) / 60

    def going(self) -> bool:
        return self.progress < 1

    def step(self, loss: torch.Tensor) -> None:
        """One update. How much of the budget is spent travels with the gradients, so all processes stop together."""
        loss.backward()
        spent = max((self.steps + 1) / self.budget.steps, self.minutes() / self.budget.minutes)
        self.progress = self._average(spent) if self.place.processes > 1 else spent
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        rate = min(1, (self.steps + 1) / self.warm_up) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1, self.progress))))
        for group in self.inner.param_groups:
            group["lr"] = group["peak"] * rate
        self.inner.step()
        self.inner.zero_grad()
        self.steps += 1

    def _average(self, spent: float) -> float:
        """Averages all gradients in one message, with `spent` as its last number."""
        for p in self.parameters:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        flat = torch.cat([p.grad.flatten() for p in self.parameters] + [torch.tensor([spent])])
        dist.all_reduce(flat)
        flat /= self.place.processes
        at = 0
        for p in self.parameters:
            p.grad.copy_(flat[at : at + p.numel()].view_as(p))
            at += p.numel()
        return float(flat[-1])


def half_precision(place: Place):
    """bfloat16 where it pays; weights, gradients and losses stay float32."""
    return torch.autocast(torch.device(place.device).type, torch.bfloat16)


def save(value, path: Path) -> None:
    """Writes a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(value, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def load(path: Path, device="cpu"):
    return torch.load(path, map_location=device, weights_only=True)


def take_up(module, weights: dict) -> None:
    """Loads the weights whose name and shape fit; what a bigger world has added stays as it began."""
    fitting = {k: v for k, v in weights.items() if k in (own := module.state_dict()) and own[k].shape == v.shape}
    module.load_state_dict(fitting, strict=False)
    print(f"took up {len(fitting)} of {len(weights)} weights of {type(module).__name__}", flush=True)
