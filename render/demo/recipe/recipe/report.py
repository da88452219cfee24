"""Judges the model by the probe and writes down how good it is."""

import json
import math
import time
from pathlib import Path

import torch

from . import arch, autoencoder, card, data, generate, painter, probe, sheet, train, world

HELD_OUT = Path(__file__).parent.parent / "held_out.json"
GRID = [  # (sampler, steps, guidance), judged on captions of the full distribution
    ("dpmpp_2m_karras", 12, 3.0), ("dpmpp_2m", 4, 3.0), ("dpmpp_2m_karras", 20, 4.5), ("ddim", 20, 3.0), ("euler_a", 20, 3.0),
]
FULL = ("dpmpp_2m_karras", 20, 3.0)
BOTH = "both subjects"  # of a pair, each on its side


def interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion."""
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - reach, middle + reach


@torch.no_grad()
def judge(reader: probe.Probe, pictures: torch.Tensor, judged: list[dict]) -> dict[str, dict]:
    """How often the probe reads off a picture what its caption asks for, of the captions that ask."""
    read = [reader(probe.squared(part)) for part in pictures.split(100)]
    guesses = {name: torch.cat([r[name] for r in read]).argmax(1).tolist() for name in world.ATTRIBUTES}
    right = {}
    for i, row in enumerate(judged):
        found = {name: world.ATTRIBUTES[name][guesses[name][i]] == wanted for name, wanted in row["asks"].items()}
        if "second" in found:
            found[BOTH] = found["subject"] and found["second"]
        for name, hit in found.items():
            right.setdefault(name, []).append(hit)
    return {name: proportion(right[name]) for name in (*world.ATTRIBUTES, BOTH) if name in right}


def proportion(hits: list[bool]) -> dict:
    low, high = interval(sum(hits), len(hits))
    return {"right": sum(hits), "of": len(hits), "low": round(low, 3), "high": round(high, 3)}


def held_out(name: str) -> list[dict]:
    return json.loads(HELD_OUT.read_text())[name]


def brief(scores: dict) -> str:
    return ", ".join(f"{name} {s['right']}/{s['of']}" for name, s in scores.items())


def percent(scores: dict) -> str:
    return ", ".join(f"{name} {100 * part:.1f}" for name, part in scores.items())


def check(place: train.Place, count: int, steps: int = 10) -> None:
    """A quick look during training: the first captions of either set at few steps, with sheets to look at."""
    model, reader = generate.Checkpoint(place), probe.load(place)
    size = arch.buckets(place.pixels)[0]
    for name in ("coloured", "all"):
        judged = held_out(name)[:count]
        pictures = generate.draw(model, [row["caption"] for row in judged], steps=steps, size=size)
        print(f"{model.samples} samples, {name}: {brief(judge(reader, pictures, judged))}", flush=True)
        sheet.tile((pictures + 1) / 2, 10).save(place.work / f"check-{model.samples:08d}-{name}.png")


def trial(model, reader, judged, size, sampler, steps, guidance) -> dict:
    begun = time.monotonic()
    pictures = generate.draw(model, [row["caption"] for row in judged], steps, guidance, sampler, size)
    seconds = (time.monotonic() - begun) / len(judged)
    return {"sampler": sampler, "steps": steps, "guidance": guidance, "width": size[0], "height": size[1],
            "seconds_per_picture": round(seconds, 3), "scores": judge(reader, pictures, judged)}


def four(model, sizes: list[tuple[int, int]]) -> dict[str, float]:
    """Seconds that four pictures in one batch take at 20 steps, the best of two, by size."""
    texts, (sampler, steps, guidance), best = [row["caption"] for row in held_out("coloured")[:4]], FULL, {}
    for size in sizes:
        tries = []
        for _ in range(2):
            begun = time.monotonic()
            generate.draw(model, texts, steps, guidance, sampler, size)
            tries.append(time.monotonic() - begun)
        best[f"{size[0]}x{size[1]}"] = round(min(tries), 1)
    return best


def parity(place: train.Place, folder: Path) -> float:
    """The largest difference, in levels of 255, between torch and ONNX Runtime on four pictures."""
    texts = [row["caption"] for row in held_out("coloured")[:4]]
    models = generate.Checkpoint(place), generate.Folder(folder)
    ours, shipped = (generate.draw(model, texts, steps=10, size=arch.buckets(place.pixels)[0]) for model in models)
    return ((ours - shipped).abs().max() * 127.5).item()


def write(place: train.Place, folder: Path, count: int) -> None:
    """Judges the exported folder by at most `count` captions of each set; samplers and sizes by a fifth of them."""
    torch.set_num_threads(train.cores())
    reader, model = probe.load(place), generate.Folder(folder)
    sizes = arch.buckets(place.pixels)
    unseen = data.load(place, "unseen")
    painted = data.unit(unseen["pictures"], "cpu")
    rebuilt = autoencoder.round_trip(autoencoder.load(place), painted[:500])
    some, coloured = held_out("all")[: max(2, count // 5)], held_out("coloured")[:count]
    narrow = [row for row in held_out("all") if "second" not in row["asks"]][: len(some)]  # pairs want width
    found = {
        "probe_on_painted": probe.score(reader, painted, unseen["scenes"]),
        "probe_after_round_trip": probe.score(reader, rebuilt, unseen["scenes"]),
        "probe_on_painted_subjects_by_size": {f"{w}x{h}": painted_subjects(reader, w, h, place.zoom) for w, h in sizes},
        "round_trip_levels": round(((rebuilt - painted[: len(rebuilt)]).abs().mean() * 127.5).item(), 2),
        "torch_minus_onnx_levels": round(parity(place, folder), 2),
        "cores": train.cores(),
        "seconds_for_four": four(model, [sizes[0], (256, 256)]),
        "unet_samples": train.load(place.work / "unet.pt")["samples"],
        "all": trial(model, reader, held_out("all")[:count], sizes[0], *FULL),
        "coloured": trial(model, reader, coloured, sizes[0], *FULL),
        "settings": [trial(model, reader, some, sizes[0], *settings) for settings in GRID],
        "sizes": [trial(model, reader, narrow, size, *FULL) for size in sizes[1:]],
    }
    (folder / "report.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "report.md").write_text(markdown(found))


def painted_subjects(reader, width: int, height: int, zoom: float) -> float:
    """How well the probe reads the subjects of painted pictures of a size (it was trained on square ones)."""
    scenes = world.scenes(200, 77, pairs=0.0)
    return round(probe.score(reader, painter.paint(scenes, width, height, 3, zoom=zoom) * 2 - 1, scenes)["subject"], 3)


def markdown(found: dict) -> str:
    lines = [
        "# How good it is", "", "Written by `python -m recipe.run report`; the judge is the probe.", "",
        f"- Probe on unseen painted pictures, % right: {percent(found['probe_on_painted'])}.",
        f"- The same after a round trip through the VAE: {percent(found['probe_after_round_trip'])} "
        f"(500 of them; mean error {found['round_trip_levels']} of 255).",
        "- Subjects it reads right on painted pictures of each size, %: "
        f"{percent(found['probe_on_painted_subjects_by_size'])} (other sizes are judged by their square middle).",
        f"- UNet: {found['unet_samples']:,} samples seen.",
        f"- Largest difference of a picture drawn by torch and by ONNX Runtime (float16 weights): "
        f"{found['torch_minus_onnx_levels']} of 255.",
        f"- Four pictures at 20 steps on {found['cores']} cores, which may have had other work, in seconds: "
        f"{', '.join(f'{size}: {seconds}' for size, seconds in found['seconds_for_four'].items())}.",
        "", f"{settings(found['all'])}: held-out captions, right of asked, with 95 % intervals. A colour is judged where the",
        "painter keeps it in the style asked for; `all` is the full distribution, `coloured` one flat subject in one setting.", "",
        "| attribute | all | coloured |", "| --- | --- | --- |",
    ]
    every, coloured = found["all"]["scores"], found["coloured"]["scores"]
    lines += [f"| {name} | {cell(s)} | {cell(coloured.get(name))} |" for name, s in every.items()]
    names = ("subject", "colour", "setting", "style", BOTH)
    lines += ["", f"Other settings and sizes, on {found['settings'][0]['scores']['subject']['of']} captions or fewer of `all`:", "",
              "| settings | s/picture | " + " | ".join(names) + " |", "| --- " * (2 + len(names)) + "|"]
    for row in [found["all"], *found["settings"], *found["sizes"]]:
        cells = [settings(row), f"{row['seconds_per_picture']:.2f}", *[cell(row["scores"].get(name)) for name in names]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def settings(row: dict) -> str:
    return f"{row['width']}×{row['height']}, {row['sampler']}, {row['steps']} steps, guidance {row['guidance']}"


def cell(s: dict | None) -> str:
    return f"{s['right']}/{s['of']} ({100 * s['low']:.0f}–{100 * s['high']:.0f} %)" if s else "–"


def samples(folder: Path, path: Path) -> None:
    """A sheet of the card's examples and other prompts, as a WebP to keep it small."""
    sizes = json.loads((folder / "darkroom.json").read_text())["sizes"]
    size = (sizes[0]["width"], sizes[0]["height"])
    pictures = generate.draw(generate.Folder(folder), [*card.EXAMPLES, *card.SHOWN], card.STEPS, card.GUIDANCE, size=size)
    sheet.tile((pictures + 1) / 2, 8).save(path, quality=88, method=6)
