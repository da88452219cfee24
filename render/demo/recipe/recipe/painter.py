"""The painter: scenes -> pictures, vectorised and deterministic from (scene, seed), on any device.

A picture is a background (setting and light) with one subject on it in front of a thin outline, dark by day and
light by night, which keeps every subject apart from every background whatever its colour.
"""

import torch

from . import shapes, world

PAINTS = {  # fixed paints, (red, green, blue) in 0..1
    "cream": (0.99, 0.96, 0.86), "wood": (0.42, 0.26, 0.15), "stone": (0.55, 0.52, 0.52),
    "glass": (0.72, 0.90, 0.98), "ink": (0.10, 0.10, 0.14), "leaf": (0.16, 0.50, 0.20),
    "pollen": (0.62, 0.36, 0.10), "flame": (1.00, 0.66, 0.12),
}
SKY = {  # light: (top, horizon)
    "day": ((0.42, 0.74, 0.96), (0.83, 0.94, 0.99)),
    "sunset": ((0.55, 0.32, 0.55), (1.00, 0.72, 0.44)),
    "night": ((0.05, 0.07, 0.20), (0.17, 0.20, 0.42)),
}
TINT = {"day": (1.0, 1.0, 1.0), "sunset": (0.98, 0.78, 0.72), "night": (0.36, 0.42, 0.62)}  # of the ground
OUTLINE = {"day": (0.13, 0.12, 0.20), "sunset": (0.17, 0.09, 0.16), "night": (0.96, 0.94, 0.84)}
OUTLINE_WIDTH = 2.0  # pixels
RADIUS = 40.0  # pixels, of an ordinary subject on a 128 x 128 picture
FLYING = {"star", "heart", "fish", "balloon", "moon", "rocket", "umbrella"}  # the others stand on the ground


def paint(scene: dict[str, torch.Tensor], width: int, height: int, seed: int, device="cpu") -> torch.Tensor:
    """Pictures [n,3,height,width], float32 in 0..1. `seed` decides what captions never mention."""
    n = len(scene["subject"])
    g = torch.Generator().manual_seed(seed)
    chance = torch.rand(n, 8, generator=g).to(device)
    scene = {name: column.to(device) for name, column in scene.items()}
    pictures = torch.empty(n, 3, height, width, device=device)
    for setting, name in enumerate(world.SETTINGS):
        rows = (scene["setting"] == setting).nonzero()[:, 0]
        if len(rows):
            pictures[rows] = BACKGROUNDS[name](scene["light"][rows], chance[rows], width, height)
    for subject, name in enumerate(world.SUBJECTS):
        rows = (scene["subject"] == subject).nonzero()[:, 0]
        if len(rows):
            some = {k: column[rows] for k, column in scene.items()}
            pictures[rows] = add_subject(pictures[rows], name, some, chance[rows])
    return pictures


def column(values: torch.Tensor) -> torch.Tensor:
    """[n] -> [n,1,1], to be combined with a plane [n,H,W]."""
    return values[:, None, None]


def colours(table: dict, index: torch.Tensor) -> torch.Tensor:
    """Looks colours up: [n] -> [n,3,1,1]."""
    return torch.tensor(list(table.values()), device=index.device)[index][:, :, None, None]


def cover(picture: torch.Tensor, distance: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    """Paints a shape, given as its distance in pixels [n,H,W], over the pictures; edges one pixel soft."""
    return torch.lerp(picture, colour.expand_as(picture), (0.5 - distance).clamp(0, 1)[:, None])


def add_subject(picture, name, scene, chance):
    n, _, height, width = picture.shape
    device = picture.device
    side = min(width, height) ** 0.6 * 128**0.4  # pictures narrower than 128 have somewhat smaller subjects
    size = torch.tensor(list(world.SIZES.values()), device=device)[scene["size"]]
    shift = torch.tensor(list(world.PLACES.values()), device=device)[scene["place"]]
    radius = RADIUS / 128 * side * size * (0.95 + 0.1 * chance[:, 0])
    x = width * (0.5 + shift + 0.05 * (chance[:, 1] - 0.5))
    x = torch.maximum(torch.minimum(x, width - radius - 3), radius + 3)
    y = height * ((0.45 if name in FLYING else 0.53) + 0.06 * (chance[:, 2] - 0.5))
    y = torch.maximum(torch.minimum(y, height - radius - 3), radius + 3)
    u = (torch.arange(width, device=device) + 0.5 - column(x)) / column(radius)
    v = (column(y) - torch.arange(height, device=device)[:, None] - 0.5) / column(radius)
    u, v = u.expand(n, height, width).contiguous(), v.expand(n, height, width).contiguous()

    layers = [(distance * column(radius), shade) for distance, shade in shapes.DRAW[name](u, v)]
    picture = cover(picture, shapes.both(*[d for d, _ in layers]) - OUTLINE_WIDTH, colours(OUTLINE, scene["light"]))
    main = colours(world.COLOURS, scene["colour"])
    main = (main + 0.05 * (chance[:, 3:6, None, None] - 0.5)).clamp(0, 1)
    mixed = {"main": main, "shade": main * 0.68 + 0.02, "shine": main * 0.72 + 0.28}
    for distance, shade in layers:
        colour = mixed[shade] if shade in mixed else torch.tensor(PAINTS[shade], device=device).view(1, 3, 1, 1)
        picture = cover(picture, distance, colour)
    return picture


def plane(n, width, height, device):
    """Pixel centres: x [1,1,W] to the right and y [1,H,1] downwards, in pixels."""
    return (torch.arange(width, device=device) + 0.5).view(1, 1, -1), (torch.arange(height, device=device) + 0.5).view(1, -1, 1)


def sky(light, width, height, horizon):
    """A sky that pales towards the horizon: [n,3,H,W]."""
    top = colours({k: a for k, (a, _) in SKY.items()}, light)
    low = colours({k: b for k, (_, b) in SKY.items()}, light)
    _, y = plane(len(light), width, height, light.device)
    part = (y / horizon).clamp(0, 1)[:, None].expand(len(light), 1, height, width)
    return torch.lerp(top.expand(-1, -1, height, width), low.expand(-1, -1, height, width), part)


def ground(light, red, green, blue):
    """A ground colour as the light tints it: [n,3,1,1]."""
    return torch.tensor((red, green, blue), device=light.device).view(1, 3, 1, 1) * colours(TINT, light)


def horizon_of(chance, height):
    return column(height * (0.62 + 0.06 * (chance[:, 6] - 0.5)))


def wavy(x, y, level, rise, length, phase):
    """Distance in pixels to everything below a sine line: `rise` and `length` in pixels, `phase` [n,1,1] in turns."""
    return level - rise * torch.sin(6.2832 * (x / length + phase)) - y


def sea(light, chance, width, height):
    x, y = plane(len(light), width, height, light.device)
    horizon, phase = horizon_of(chance, height), column(chance[:, 7])
    picture = cover(sky(light, width, height, horizon), (horizon - y).expand(-1, -1, width), ground(light, 0.10, 0.42, 0.78))
    for k, (down, length) in enumerate([(0.09, 40.0), (0.19, 52.0), (0.30, 64.0)]):
        line = wavy(x, y, horizon + down * height, 2.0, length, phase + 0.37 * k)
        picture = cover(picture, line.abs() - 1.3, ground(light, 0.45, 0.74, 0.95))
    return picture


def hills(light, chance, width, height, far, near):
    """Two hills of the given ground colours under a sky."""
    x, y = plane(len(light), width, height, light.device)
    horizon, phase = horizon_of(chance, height), column(chance[:, 7])
    picture = sky(light, width, height, horizon)
    picture = cover(picture, wavy(x, y, horizon, 0.03 * height, 1.1 * width, phase), far)
    return cover(picture, wavy(x, y, horizon + 0.16 * height, 0.035 * height, 0.9 * width, 0.4 - phase), near)


def meadow(light, chance, width, height):
    return hills(light, chance, width, height, ground(light, 0.52, 0.80, 0.34), ground(light, 0.36, 0.68, 0.26))


def desert(light, chance, width, height):
    return hills(light, chance, width, height, ground(light, 0.96, 0.83, 0.52), ground(light, 0.90, 0.71, 0.38))


def snow(light, chance, width, height):
    picture = hills(light, chance, width, height, ground(light, 0.86, 0.91, 0.98), ground(light, 0.97, 0.98, 1.0))
    x, y = plane(len(light), width, height, light.device)
    for k in range(10):  # flakes, on the sky's upper part, at places that differ from picture to picture
        fx = (column(chance[:, 7]) * 3.7 + k * 0.3819) % 1 * width
        fy = (column(chance[:, 6]) * 2.3 + k * 0.2361) % 1 * height * 0.55
        picture = cover(picture, torch.hypot(x - fx, y - fy) - 1.7, torch.ones(1, 3, 1, 1, device=light.device))
    return picture


def city(light, chance, width, height):
    x, y = plane(len(light), width, height, light.device)
    horizon = horizon_of(chance, height) + 0.08 * height
    picture = sky(light, width, height, horizon)
    wall, lamp = ground(light, 0.60, 0.63, 0.70), ground(light, 0.80, 0.82, 0.86)
    lamp = torch.where((light == world.NIGHT).view(-1, 1, 1, 1), torch.tensor((0.98, 0.86, 0.45), device=light.device).view(1, 3, 1, 1), lamp)
    block = 20.0  # pixels from house to house
    shifted = x + block * column(chance[:, 7])
    number = torch.floor(shifted / block)
    tall = 0.22 + 0.30 * (torch.sin(number * 12.9898 + 40 * column(chance[:, 7])) * 43758.5453 % 1)
    inside = shifted - number * block
    towers = torch.maximum((inside - block / 2).abs() - block / 2 + 1, horizon - tall * height - y)
    picture = cover(picture, towers, wall)
    windows = torch.maximum((inside % 8 - 5).abs() - 1.4, ((horizon - y) % 9 - 4.5).abs() - 1.6)
    picture = cover(picture, torch.maximum(windows, towers + 3), lamp)
    return cover(picture, (horizon - y).expand(-1, -1, width), ground(light, 0.44, 0.45, 0.50))


def night_sky(light, chance, width, height):
    n, device = len(light), light.device
    x, y = plane(n, width, height, device)
    picture = sky(light, width, height, torch.full((n, 1, 1), 1.3 * height, device=device))
    dots = torch.full((n, height, width), 1e3, device=device)
    for k in range(22):
        fx = (column(chance[:, 7]) * 5.1 + k * 0.6180) % 1 * width
        fy = (column(chance[:, 6]) * 3.3 + k * 0.7549 + k * k * 0.013) % 1 * height
        dots = torch.minimum(dots, torch.hypot(x - fx, y - fy) - (0.9 + 0.35 * (k % 3)))
    return cover(picture, dots, torch.tensor((1.0, 0.97, 0.80), device=device).view(1, 3, 1, 1))


BACKGROUNDS = {"sea": sea, "meadow": meadow, "desert": desert, "snow": snow, "city": city, "night sky": night_sky}
