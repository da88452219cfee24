"""The recipe's commands, one per stage: python -m recipe.run STAGE --work DIR ..."""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from . import (autoencoder, card, checkpoint, clip, data, denoiser, export, findings, generate, hypernetwork, intruder, inversion, latents, likeness, lora,
               meaning, painted, probe, report, safety, sheet, tower, train, upscaler, vocabulary, world)


GATE = 0.97  # what the judge should read right after a round trip before a UNet is worth its hours


def paint(place, options):
    data.paint(place, data.in_twins(options.count, 11), 11, "pictures")
    data.paint(place, world.scenes(max(100, options.count // 12), 12), 12, "unseen")
    data.paint(place, data.beyond(max(60, options.count // 8), 13), 13, "extra")
    data.paint(place, data.beyond(max(60, options.count // 32), 14), 14, "extra-unseen")


def fit_probe(place, options):
    train.spread(probe.fit, place, options.budget)
    for name in ("unseen", "extra-unseen"):
        unseen = data.load(place, name)
        scores = probe.score(probe.load(place), data.unit(unseen["pictures"], place.device), unseen["scenes"])
        print("painted,", name + ":", report.percent(scores))


def fit_vae(place, options):
    train.spread(autoencoder.fit, place, options.budget)
    gate(place, options)


def fit_decoder(place, options):
    train.spread(autoencoder.fit, place, options.budget, 4, False)
    gate(place, options)


def on_cpu(place):
    """The place of a stage that judges the model folder, which ONNX Runtime runs on the CPU."""
    return replace(place, device="cpu")


def gate(place, options):
    unseen = data.load(place, "unseen")
    pictures = data.unit(unseen["pictures"][:500], place.device)
    rebuilt = autoencoder.round_trip(autoencoder.load(place), pictures)
    scores = probe.score(probe.load(place), rebuilt, unseen["scenes"])
    print("after a round trip:", report.percent(scores))
    print(f"below {GATE:.0%}:", report.percent({k: v for k, v in scores.items() if v < GATE}) or "none")


def fit_clip(place, options):
    vocabulary.write(options.work / "tokenizer")
    train.spread(clip.fit, place, options.budget)


def cache_latents(place, options):
    train.spread(latents.cache, place, options.count)


def fit_unet(place, options):
    train.spread(denoiser.train_unet, place, options.budget, options.batch, options.lesson, options.rate)


def check(place, options):
    report.check(place, options.count)


def export_model(place, options):
    model = generate.Checkpoint(place)
    export.publish(model, options.work / "tokenizer", card.card(place.pixels), options.model)


def write_report(place, options):
    report.write(on_cpu(place), options.model, options.count)


def draw_samples(place, options):
    report.samples(options.model, options.sheet)


def judge_words(place, options):
    torch.set_num_threads(train.cores())
    findings.record(options.model, "words", meaning.judge(on_cpu(place), generate.Folder(options.model), options.count))


def heed_weights(place, options):
    print(meaning.heed(place, generate.Checkpoint(place), options.count))


def fit_upscaler(place, options):
    train.spread(upscaler.fit, place, options.budget, options.count)
    findings.record(options.model, "upscaler", upscaler.publish(place, options.model, max(10, options.count // 30)))


def fit_intruder(place, options):
    intruder.fit(place, options.budget, options.count)
    findings.record(options.model, "intruder", intruder.publish(place, options.kept, max(50, options.count // 4)))


def draw_pairs(place, options):
    upscaler.save_pairs(place, options.pairs, options.count)


def fit_safety(place, options):
    train.spread(safety.fit, place, options.budget, options.count)
    safety.publish(place, options.model)
    findings.record(options.model, "safety", safety.judge_painted(place, safety.load(place), max(10, options.count // 3)))


def fit_tower(place, options):
    train.spread(tower.fit, place, options.budget, options.count)
    tower.publish(place, options.model)
    judge_tower(place, options)


def judge_tower(place, options):
    torch.set_num_threads(train.cores())
    count = min(options.count, painted.COUNT)
    findings.record(options.model, "tower", likeness.judge(on_cpu(place), options.model, count))


def judge_safety(place, options):
    place = on_cpu(place)
    model, reader = generate.Folder(options.model), probe.load(place)
    findings.record(options.model, "safety", safety.judge(place, safety.load(place), model, reader, options.count))


ADDONS = {"lora": (lora, "lora"), "inversion": (inversion, "embeddings"), "hypernetwork": (hypernetwork, "hypernetworks")}


def fit_addon(place, options):
    module, folder = ADDONS[options.stage]
    module.fit(place, options.budget, options.count, options.addons / folder)


def judge_addons(place, options):
    found = {"addons": []}
    for name, (module, folder) in ADDONS.items():
        judged = module.judge(place, options.addons / folder / f"{module.NAME}.safetensors", options.count)
        found["addons"].append(judged["row"])
        found["lora_at_0_identical"] = judged.get("identical_at_0", found.get("lora_at_0_identical"))
        sheet.tile((judged["sheet"][:40] + 1) / 2, 10).save(options.work / f"addon-{name}.png")
        print(judged["row"], flush=True)
    findings.record(options.model, "addons", found)


def pack(place, options):
    checkpoint.pack(place, options.kept)


def unpack(place, options):
    vocabulary.write(options.work / "tokenizer")
    checkpoint.unpack(place, options.kept, options.model)


STAGES = {
    "paint": paint, "probe": fit_probe, "vae": fit_vae, "decoder": fit_decoder, "gate": gate, "clip": fit_clip,
    "latents": cache_latents, "unet": fit_unet, "check": check, "export": export_model, "report": write_report,
    "samples": draw_samples, "words": judge_words, "heed": heed_weights, "tower": fit_tower, "judge-tower": judge_tower, "upscaler": fit_upscaler, "intruder": fit_intruder, "pairs": draw_pairs, "safety": fit_safety,
    "judge-safety": judge_safety, "pack": pack, "unpack": unpack, **dict.fromkeys(ADDONS, fit_addon), "judge-addons": judge_addons,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--work", type=Path, default=Path("work"), help="checkpoints and caches")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--pixels", type=int, default=128, choices=(128, 256), help="of a square picture; 256 wants a GPU")
    parser.add_argument("--start", type=Path, help="work folder of an earlier model to start from, of this world or a smaller one")
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--count", type=int, default=16_000, help="pictures to paint or draw")
    parser.add_argument("--batch", type=int, default=24, help="of the UNet, per process")
    parser.add_argument("--lesson", type=float, default=0.3, help="part of the UNet's training on centred subjects only")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate of the UNet")
    parser.add_argument("--kept", type=Path, default=checkpoint.FOLDER, help="the checkpoint in the repository")
    parser.add_argument("--model", type=Path, default=Path("../postcards"), help="the model folder to write")
    parser.add_argument("--addons", type=Path, default=Path("../addons"), help="where add-ons are written")
    parser.add_argument("--pairs", type=Path, default=Path("../testdata/upscale"), help="where pictures of both sizes are written")
    parser.add_argument("--sheet", type=Path, default=Path("../../../docs/samples.webp"), help="where samples are drawn")
    options = parser.parse_args()
    options.budget = train.Budget(options.steps, options.minutes)
    if options.device == "cpu":
        torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    STAGES[options.stage](train.Place(options.work, options.device, 0, options.processes, options.pixels, options.start), options)


if __name__ == "__main__":
    main()
