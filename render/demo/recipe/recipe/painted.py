"""The painted pictures that judge the picture tower, with their captions: committed before it trains.

    python -m recipe.painted painted_held_out.json

Each shows one subject that captions name, in the full distribution of styles, light, weather, sizes and places. The file has
their scenes and captions; the painter makes the pictures of the scenes, always the same ones.
"""

import io
import json
import random
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import captions, painter, world

HELD_OUT = Path(__file__).parent.parent / "painted_held_out.json"
COUNT, SEED = 400, 201
QUALITY = 80  # of the JPEG that a picture has been before it is judged


def held_out() -> dict:
    """{"seed": of the painter, "pictures": [{"caption": text, "scene": {attribute: name, where it has one}}]}."""
    drawn = world.scenes(2 * COUNT, SEED, pairs=0.0)
    dice, rows = random.Random(SEED), []
    for i in range(2 * COUNT):
        scene = world.names(drawn, i)
        if scene["subject"] != world.HIDDEN and len(rows) < COUNT:
            rows.append({"caption": captions.write(captions.mention(scene, dice), dice), "scene": {k: v for k, v in scene.items() if v}})
    return {"seed": SEED, "pictures": rows}


def load(side: int, zoom: float, count: int = COUNT) -> tuple[torch.Tensor, list[dict]]:
    """The first `count` pictures after JPEG, in -1..1 [n,3,side,side], and their rows of the file."""
    kept = json.loads(HELD_OUT.read_text())
    rows = kept["pictures"]
    scenes = {name: torch.tensor([table.index(row["scene"].get(name, "")) for row in rows]) for name, table in world.ATTRIBUTES.items()}
    pictures = painter.paint(scenes, side, side, kept["seed"], zoom=zoom)[:count]
    return torch.stack([jpeg(picture, QUALITY) for picture in pictures]) * 2 - 1, rows[:count]


def jpeg(picture: torch.Tensor, quality: int) -> torch.Tensor:
    """A picture in 0..1 [3,h,w] as it comes back from a JPEG file."""
    written = io.BytesIO()
    Image.fromarray((picture * 255).round().byte().permute(1, 2, 0).numpy()).save(written, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(written))).permute(2, 0, 1).float() / 255


def main() -> None:
    """Writes the file: python -m recipe.painted OUTPUT_FILE."""
    kept = held_out()
    rows = ",\n  ".join(map(json.dumps, kept["pictures"]))
    Path(sys.argv[1]).write_text(f'{{\n "seed": {kept["seed"]},\n "pictures": [\n  {rows}\n ]\n}}\n')


if __name__ == "__main__":
    main()
