"""What the stages of words, add-ons, upscaler and safety checker have measured: findings.json and findings.md."""

import json
from datetime import date
from pathlib import Path

from . import report

TITLES = {"words": "Words matter", "addons": "Add-ons", "safety": "Safety checker", "tower": "Description and search",
          "upscaler": "Upscaler", "gestures": "Upscaling in the program", "intruder": "Judge of outpainting", "ground": "Outpainting"}


def record(folder: Path, section: str, found: dict) -> None:
    """Puts one section's figures into the folder's findings.json, and writes findings.md anew from all of them."""
    path = folder / "findings.json"
    every = json.loads(path.read_text()) if path.exists() else {}
    every[section] = {**found, "date": date.today().isoformat()}
    path.write_text(json.dumps(every, indent=1) + "\n")
    lines = ["# What words, add-ons and checks do", "",
             "Written by the stages of the recipe (`findings.py`); the judge is the probe. Intervals are 95 % ones."]
    for name, title in TITLES.items():
        if name in every:
            lines += ["", f"## {title}", "", *SECTIONS[name](every[name])]
    (folder / "findings.md").write_text("\n".join(lines) + "\n")


def share(hits: int, n: int) -> str:
    """As in "45/50 (79–96 %)"."""
    return report.cell(report.proportion([True] * hits + [False] * (n - hits))) if n else "–"


def words(found: dict) -> list[str]:
    w, n = found["weights"], found["negative"]
    lines = [f"{found['steps']} steps, guidance {found['guidance']}, {found['seeds']} seeds a prompt; of {w['tried']} prompts "
             f"with two competing words {w['prompts']} were undecided.", "",
             "| prompts | weight 1.4 raises its word | weight 0.6 lowers it | mean change of its probability |",
             "| --- | --- | --- | --- |"]
    for name, row in {"all": w, **w["by_attribute"]}.items():
        lines.append(f"| {name} | {share(row['raised'], row['of'])} | {share(row['lowered'], row['of'])} | "
                     f"{row['mean_rise']:+.2f}, {-row['mean_fall']:+.2f} |")
    distances = lambda by: ", ".join(f"{k}: {v}" for k, v in by.items())
    return [*lines, "", f"In {found['usual_steps']} steps:", "", f"- A negative prompt removes its subject: {share(n['removed'], n['there'])}.",
            f"- Mean distance to the start picture by strength, levels of 255: {distances(found['by_strength'])} "
            f"({'in order' if found['strength_orders'] else 'NOT in order'}).",
            f"- Mean distance to the first picture by variation strength: {distances(found['by_variation'])} "
            f"({'in order' if found['variation_orders'] else 'NOT in order'})."]


def safety(found: dict) -> list[str]:
    lines = ["| pictures | recall | false alarms |", "| --- | --- | --- |"]
    lines += [f"| {name} | {share(r['found'], r['skulls'])} | {share(r['false_alarms'], r['others'])} |"
              for name, r in found.items() if name in ("painted", "after a round trip", "generated")]
    if "generated" not in found:
        return lines
    left_out = found["generated"]["asked_and_seen_differ"]
    return [*lines, "", f"Of the generated pictures {left_out} were left out, in which the probe saw a skull that was not asked "
            "for, or none where one was."]


def tower(found: dict) -> list[str]:
    """Mini-CLIP's two towers, from pixels alone."""
    lines = [f"From pixels alone, after JPEG of quality {found['quality']}: the word whose text is nearest, on the {found['finds']['of']} pictures of "
             "`painted_held_out.json`, which was committed before the tower trained, and on pictures that the model drew for the captions "
             "of `held_out.json` with one subject.", "", "| | painted | drawn by the model |", "| --- | --- | --- |"]
    lines += [f"| {name} | {report.cell(row)} | {report.cell(found['drawn'].get(name))} |" for name, row in found["describes"].items()]
    return [*lines, "", f"Among {found['line_up']} painted pictures a caption finds its own: {report.cell(found['finds'])}; among as many captions "
            f"a picture finds its own: {report.cell(found['captions'])}. Among all of them: {report.cell(found['finds_of_all'])} and "
            f"{report.cell(found['captions_of_all'])}. Captions leave things out, so some fit several pictures."]


def upscaler(found: dict) -> list[str]:
    """The network against Lanczos's filter."""
    lines = [f"On {found['pictures']} scenes not trained on, of all sizes, painted at both sizes: the peak signal-to-noise ratio in dB, and the "
             "mean error of the differences of neighbours in levels of 255.", "",
             "| from | to | network | Lanczos | slopes: network | slopes: Lanczos |", "| --- | --- | --- | --- | --- | --- |"]
    names = {"smeared": "the small one after the VAE", "small": "the small one as painted", "native": "the large one after the VAE",
             "large": "the large one as painted"}
    for way, by in found["errors"].items():
        source, target = way.split(" to ")
        n, l = by["network"], by["lanczos"]
        lines.append(f"| {names[source]} | {names[target]} | {n['psnr']} | {l['psnr']} | {n['slopes']} | {l['slopes']} |")
    return lines


def intruder(found: dict) -> list[str]:
    return [f"On painted pictures not trained on, after the VAE, it finds {share(found['found'], found['of'])} of the subjects planted in new "
            f"ground, and calls {share(found['false_alarms'], found['of_nothing'])} of bare ground a subject."]


def noted(found: dict) -> list[str]:
    """What a test of the program measured: lines as they are."""
    return found["lines"]


def addons(found: dict) -> list[str]:
    lines = ["| add-on | what it teaches | seen with it | seen without it | bytes |", "| --- | --- | --- | --- | --- |"]
    for row in found["addons"]:
        shown = f"{share(row['with'], row['of'])} | {share(row['without'], row['of'])}"
        lines.append(f"| `{row['file']}` | {row['teaches']} | {shown} | {row['bytes']:,} |")
    effect = "changes no bit of a picture" if found["lora_at_0_identical"] else "CHANGES pictures"
    return [*lines, "", f"The LoRA at weight 0 {effect}."]


SECTIONS = {"words": words, "addons": addons, "safety": safety, "tower": tower, "upscaler": upscaler, "intruder": intruder,
            "ground": noted, "gestures": noted}
