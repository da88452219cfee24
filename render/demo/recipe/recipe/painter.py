"""The painter: scenes -> pictures, vectorised and deterministic from (scene, seed), on any device.

A picture is a background (setting, light and weather) with one or two subjects on it, in one of the styles. A line
round every subject keeps it apart from every background whatever its colour.
"""

import torch

from . import creatures, manners, scenery, shapes, world
from .scenery import column

PAINTS = {  # fixed paints, (red, green, blue) in 0..1
    "cream": (0.99, 0.96, 0.86), "wood": (0.42, 0.26, 0.15), "stone": (0.55, 0.52, 0.52),
    "glass": (0.72, 0.90, 0.98), "ink": (0.10, 0.10, 0.14), "leaf": (0.16, 0.50, 0.20),
    "pollen": (0.62, 0.36, 0.10), "flame": (1.00, 0.66, 0.12), "rose": (0.93, 0.50, 0.55), "lamp": (1.00, 0.93, 0.55),
}
DRAW = {**shapes.DRAW, **creatures.DRAW}
RADIUS = 40.0  # points, of an ordinary subject on a 128 x 128 picture
PAIR = 0.72  # of it, for each of two
FLYING = {"star", "heart", "fish", "balloon", "moon", "rocket", "umbrella", "sun", "cloud", "bird", "kite"}  # the others stand
SEPIA = ((0.16, 0.09, 0.05), (0.62, 0.42, 0.24), (1.00, 0.94, 0.80))  # of black, grey and white


def paint(scene: dict[str, torch.Tensor], width: int, height: int, seed: int, device="cpu", zoom: float = 1.0, bare: bool = False) -> torch.Tensor:
    """Pictures [n,3,height,width], float32 in 0..1. `seed` decides what captions never mention.

    `zoom` is pixels per point: a picture of 256 pixels at zoom 2 is the one of 128 pixels, twice as fine. A `bare` picture
    has no subject.
    """
    n = len(scene["subject"])
    g = torch.Generator().manual_seed(seed)
    chance = torch.rand(n, 16, generator=g).to(device)
    scene = {name: values.to(device) for name, values in scene.items()}
    pictures = torch.empty(n, 3, height, width, device=device)
    for style, name in enumerate(world.STYLES):
        for setting in range(len(world.SETTINGS)):
            rows = ((scene["style"] == style) & (scene["setting"] == setting)).nonzero()[:, 0]
            if len(rows):
                some = {k: values[rows] for k, values in scene.items()}
                canvas = manners.Canvas(manners.MANNERS[name], some["light"], width / zoom, height / zoom, zoom)
                pictures[rows] = one_style(canvas, name, some, chance[rows], g, bare)
    return toned(pictures.clamp(0, 1), scene["palette"])


def one_style(canvas, style: str, scene: dict, chance, g: torch.Generator, bare: bool) -> torch.Tensor:
    """Paints scenes of one style and one setting."""
    setting = list(world.SETTINGS)[int(scene["setting"][0])]
    dull = torch.tensor(list(scenery.DULLNESS.values()), device=chance.device)[scene["weather"]]
    scenery.SETTINGS[setting](canvas, chance, dull.view(-1, 1, 1, 1))
    if style == "blueprint":
        scenery.grid(canvas)
    weather = {name: scene["weather"] == i for i, name in enumerate(world.WEATHERS)}
    only(canvas, weather["fog"], scenery.fog_behind, chance)
    if not bare:
        add_subjects(canvas, scene, chance)
    for name, fall in (("fog", scenery.fog), ("rain", scenery.rain), ("snowfall", scenery.snowfall)):
        only(canvas, weather[name], fall, chance)
    finish = manners.FINISH.get(style)
    return finish(canvas, g) if finish else canvas.picture


def only(canvas, mask, work, *columns) -> None:
    """Lets `work` paint on some pictures of a canvas, with the same rows of its other arguments."""
    rows = mask.nonzero()[:, 0]
    if len(rows) == 0:
        return
    part = manners.Canvas(canvas.manner, canvas.light[rows], canvas.width, canvas.height, canvas.zoom)
    part.picture = canvas.picture[rows]
    work(part, *[c[rows] for c in columns])
    canvas.picture = canvas.picture.clone()
    canvas.picture[rows] = part.picture


def add_subjects(canvas, scene: dict, chance) -> None:
    """The left (or only) subject, then the right one of two."""
    two = scene["second"] > 0
    for k, name in enumerate(world.SUBJECTS):
        only(canvas, scene["subject"] == k, lambda part, *at: subject(part, name, *at),
             scene["colour"], chance, *standing(canvas, name, two, scene, chance))
    mirrored = torch.cat([chance[:, 8:], chance[:, :8]], 1)
    for k, name in enumerate(world.SUBJECTS):
        x, y, radius = standing(canvas, name, two, scene, mirrored)
        only(canvas, scene["second"] == k + 1, lambda part, *at: subject(part, name, *at),
             (scene["second colour"] - 1).clamp_min(0), mirrored, canvas.width - x, y, radius)


def standing(canvas, name: str, two, scene: dict, chance):
    """Where a subject is and how large: (x, y, radius), each [n], in points."""
    device = chance.device
    side = min(canvas.width, canvas.height) ** 0.6 * 128**0.4  # pictures narrower than 128 have somewhat smaller subjects
    size = torch.tensor(list(world.SIZES.values()), device=device)[scene["size"]]
    shift = torch.tensor(list(world.PLACES.values()), device=device)[scene["place"]]
    radius = RADIUS / 128 * side * torch.where(two, PAIR, size) * (0.95 + 0.1 * chance[:, 0])
    radius = torch.where(two, radius.clamp_max(0.235 * canvas.width), radius)
    x = canvas.width * (0.5 + torch.where(two, -0.245, shift) + torch.where(two, 0.01, 0.05) * (chance[:, 1] - 0.5))
    x = torch.maximum(torch.minimum(x, canvas.width - radius - 3), radius + 3)
    y = canvas.height * ((0.45 if name in FLYING else 0.53) + torch.where(two, 0.04, 0.0) + 0.06 * (chance[:, 2] - 0.5))
    y = torch.maximum(torch.minimum(y, canvas.height - radius - 3), radius + 3)
    return x, y, radius


def subject(canvas, name: str, colour, chance, x, y, radius) -> None:
    """Paints one kind of subject on every picture of the canvas."""
    manner = canvas.manner
    u = (canvas.x - column(x)) / column(radius)
    v = (column(y) - canvas.y) / column(radius)
    u, v = (w.expand(len(x), canvas.y.shape[1], canvas.x.shape[2]).contiguous() for w in (u, v))
    layers = [(distance * column(radius), paint) for distance, paint in DRAW[name](u, v)]
    if manner.rim:
        canvas.cover(shapes.both(*[d for d, _ in layers]) - manner.rim, canvas.ink, manner.rim_strength)
    mixed = relatives(colour, chance)
    for distance, paint in layers:
        own = paint in mixed
        tone = mixed[paint] if own else torch.tensor(PAINTS[paint], device=x.device).view(1, 3, 1, 1).expand(len(x), 3, 1, 1)
        canvas.shape(distance, tone, manner.main if own else manner.fixed)


def relatives(colour, chance) -> dict[str, torch.Tensor]:
    """The subject's own colour and what is mixed from it: {paint: [n,3,1,1]}."""
    main = torch.tensor(list(world.COLOURS.values()), device=colour.device)[colour][:, :, None, None]
    main = (main + 0.05 * (chance[:, 3:6, None, None] - 0.5)).clamp(0, 1)
    dark = main.mean(1, keepdim=True) < 0.2
    return {"main": main, "shade": main * 0.68 + 0.02, "shine": main * 0.72 + 0.28,
            "hollow": torch.where(dark, main * 0.4 + 0.55, main * 0.2)}


def toned(pictures, palette):
    """The pictures in the palette of their scene."""
    rows = (palette == world.PALETTES.index("sepia")).nonzero()[:, 0]
    if len(rows) == 0:
        return pictures
    grey = (pictures[rows] * torch.tensor((0.30, 0.59, 0.11), device=pictures.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    dark, middle, pale = (torch.tensor(c, device=pictures.device).view(1, 3, 1, 1) for c in SEPIA)
    pictures[rows] = torch.where(grey < 0.5, torch.lerp(dark, middle, (2 * grey).clamp(0, 1)), torch.lerp(middle, pale, (2 * grey - 1).clamp(0, 1)))
    return pictures
