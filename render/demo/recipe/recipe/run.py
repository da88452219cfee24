"""The recipe's commands, one per stage: python -m recipe.run STAGE --work DIR ..."""

import argparse
from pathlib import Path

import torch

from . import autoencoder, data, probe, train


def paint(place, options):
    data.paint(place, options.count, 11, "pictures")
    data.paint(place, max(100, options.count // 16), 12, "unseen")


def fit_probe(place, options):
    train.spread(probe.fit, place, options.budget)
    unseen = data.load(place, "unseen")
    print("painted, unseen:", probe.score(probe.load(place), data.unit(unseen["pictures"], place.device), unseen["scenes"]))


def fit_vae(place, options):
    train.spread(autoencoder.fit, place, options.budget)
    gate(place, options)


def fit_decoder(place, options):
    train.spread(autoencoder.fit, place, options.budget, 8, False)
    gate(place, options)


def gate(place, options):
    unseen = data.load(place, "unseen")
    pictures = data.unit(unseen["pictures"], place.device)
    rebuilt = autoencoder.round_trip(autoencoder.load(place), pictures)
    print("after a round trip:", probe.score(probe.load(place), rebuilt, unseen["scenes"]))


STAGES = {"paint": paint, "probe": fit_probe, "vae": fit_vae, "decoder": fit_decoder, "gate": gate}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--work", type=Path, default=Path("work"), help="checkpoints and caches")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--count", type=int, default=16_000, help="pictures to paint")
    options = parser.parse_args()
    options.budget = train.Budget(options.steps, options.minutes)
    if options.device == "cpu":
        torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    STAGES[options.stage](train.Place(options.work, options.device, 0, options.processes), options)


if __name__ == "__main__":
    main()
