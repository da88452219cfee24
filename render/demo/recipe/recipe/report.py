"""Judges the model by the probe and writes down how good it is."""

import json
import math
import time
from pathlib import Path

import torch

from . import arch, autoencoder, card, data, generate, painter, probe, sheet, train, world

HELD_OUT = Path(__file__).parent.parent / "held_out.json"
GRID = [  # (sampler, steps, guidance), judged on the coloured captions
    ("dpmpp_2m_karras", 20, 4.5), ("ddim", 20, 4.5), ("dpmpp_2m_karras", 12, 3.5), ("dpmpp_2m_karras", 6, 3.5),
]


SHOWN = [  # on the sheet of samples, after the card's examples
    "an orange fish at sea", "purple umbrella, city, day", "a brown house in a green meadow at dusk",
    "a green tree on a snowy hill", "pink heart in the night sky", "a black boat at sunset", "yellow moon, city, night",
    "a blue flower in the grass", "big red mushroom", "small orange boat on the ocean", "turquoise star in the desert",
    "a white heart at sunset", "red rocket in space", "purple fish, on white snow", "a yellow house by the blue sea",
    "green umbrella on a sunny day", "blue star, meadow, night", "a pink tree in the desert", "red flower, sunset",
]


def interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion."""
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - reach, middle + reach


@torch.no_grad()
def judge(reader: probe.Probe, pictures: torch.Tensor, judged: list[dict]) -> dict[str, dict]:
    """How often the probe reads off a picture what its caption asks for, of the captions that ask."""
    guesses = {name: logits.argmax(1).tolist() for name, logits in reader(probe.squared(pictures)).items()}
    scores = {}
    for name, table in world.ATTRIBUTES.items():
        asked = [(table[guesses[name][i]], row["asks"][name]) for i, row in enumerate(judged) if name in row["asks"]]
        if asked:
            hits = sum(got == wanted for got, wanted in asked)
            low, high = interval(hits, len(asked))
            scores[name] = {"right": hits, "of": len(asked), "low": round(low, 3), "high": round(high, 3)}
    return scores


def held_out(name: str) -> list[dict]:
    return json.loads(HELD_OUT.read_text())[name]


def brief(scores: dict) -> str:
    return ", ".join(f"{name} {s['right']}/{s['of']}" for name, s in scores.items())


def check(place: train.Place, count: int, steps: int = 10) -> None:
    """A quick look during training: the first coloured captions at few steps, with a sheet to look at."""
    model, reader = generate.Checkpoint(place), probe.load(place)
    judged = held_out("coloured")[:count]
    pictures = generate.draw(model, [row["caption"] for row in judged], steps=steps)
    print(f"{model.samples} samples: {brief(judge(reader, pictures, judged))}", flush=True)
    sheet.tile((pictures + 1) / 2, 10).save(place.work / f"check-{model.samples:08d}.png")


def trial(model, reader, judged, sampler="dpmpp_2m_karras", steps=20, guidance=4.5, size=(128, 128)) -> dict:
    begun = time.monotonic()
    pictures = generate.draw(model, [row["caption"] for row in judged], steps, guidance, sampler, size)
    seconds = (time.monotonic() - begun) / len(judged)
    return {"sampler": sampler, "steps": steps, "guidance": guidance, "width": size[0], "height": size[1],
            "seconds_per_picture": round(seconds, 3), "scores": judge(reader, pictures, judged)}


def parity(place: train.Place, folder: Path) -> float:
    """The largest difference, in levels of 255, between torch and ONNX Runtime on four pictures."""
    texts = [row["caption"] for row in held_out("coloured")[:4]]
    models = generate.Checkpoint(place), generate.Folder(folder)
    ours, shipped = (generate.draw(model, texts, steps=10) for model in models)
    return ((ours - shipped).abs().max() * 127.5).item()


def write(place: train.Place, folder: Path, count: int) -> None:
    """Judges the exported folder by at most `count` captions of each set, the coloured ones at several settings."""
    torch.set_num_threads(2)
    reader, model = probe.load(place), generate.Folder(folder)
    unseen = data.load(place, "unseen")
    painted = data.unit(unseen["pictures"], "cpu")
    rebuilt = autoencoder.round_trip(autoencoder.load(place), painted[:300])
    coloured = held_out("coloured")[:count]
    found = {
        "probe_on_painted": probe.score(reader, painted, unseen["scenes"]),
        "probe_on_painted_subjects_by_size": {f"{w}x{h}": painted_subjects(reader, w, h) for w, h in arch.BUCKETS},
        "probe_after_round_trip": probe.score(reader, rebuilt, unseen["scenes"]),
        "round_trip_levels": round(((rebuilt - painted[: len(rebuilt)]).abs().mean() * 127.5).item(), 2),
        "torch_minus_onnx_levels": round(parity(place, folder), 2),
        "unet_samples": train.load(place.work / "unet.pt")["samples"],
        "all": trial(model, reader, held_out("all")[:count]),
        "coloured": [trial(model, reader, coloured, *settings) for settings in GRID],
        "coloured_by_size": [trial(model, reader, coloured[:25], size=size) for size in arch.BUCKETS[1:]],
    }
    (folder / "report.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "report.md").write_text(markdown(found))


def painted_subjects(reader, width: int, height: int) -> float:
    """How well the probe reads the subjects of painted pictures of a size (it was trained on square ones)."""
    scenes = world.scenes(150, 77, simple=1.0)
    return round(probe.score(reader, painter.paint(scenes, width, height, 3) * 2 - 1, scenes)["subject"], 3)


def markdown(found: dict) -> str:
    percent = lambda scores: ", ".join(f"{name} {100 * part:.1f}" for name, part in scores.items())
    lines = [
        "# How good it is", "", "Written by `python -m recipe.run report`; the judge is the probe.", "",
        f"- Probe on unseen painted pictures, % right: {percent(found['probe_on_painted'])}.",
        f"- The same after a round trip through the VAE: {percent(found['probe_after_round_trip'])} "
        f"(300 of them; mean error {found['round_trip_levels']} of 255).",
        "- Subjects it reads right on painted pictures of each size, %: "
        f"{percent(found['probe_on_painted_subjects_by_size'])} (other sizes are judged by their square middle).",
        f"- UNet: {found['unet_samples']:,} samples seen.",
        f"- Largest difference of a picture drawn by torch and by ONNX Runtime (float16 weights): "
        f"{found['torch_minus_onnx_levels']} of 255.",
        "", "Held-out captions, right of asked, with 95 % intervals:", "",
        "| captions | size | sampler, steps, guidance | s/picture | subject | colour | setting | light | size | place |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = [("all", found["all"])]
    rows += [("coloured", row) for row in found["coloured"] + found["coloured_by_size"]]
    return "\n".join(lines + [table_row(name, row) for name, row in rows]) + "\n"


def table_row(name: str, row: dict) -> str:
    cells = [name, f"{row['width']}×{row['height']}", f"{row['sampler']}, {row['steps']}, {row['guidance']}",
             f"{row['seconds_per_picture']:.2f}"]
    for attribute in world.ATTRIBUTES:
        s = row["scores"].get(attribute)
        cells.append(f"{s['right']}/{s['of']} ({100 * s['low']:.0f}–{100 * s['high']:.0f} %)" if s else "–")
    return "| " + " | ".join(cells) + " |"


def samples(folder: Path, path: Path) -> None:
    """A sheet of the card's examples and other prompts, in 256 colours (dithered) to keep it small."""
    pictures = generate.draw(generate.Folder(folder), [*card.EXAMPLES, *SHOWN], card.STEPS, card.GUIDANCE)
    whole = sheet.tile((pictures + 1) / 2, 8)
    whole.quantize(palette=whole.quantize(256)).save(path, optimize=True)
