"""Settings, light and weather. Every function paints on a canvas; `chance` is [n,8] of what captions never mention."""

import torch

from . import world
from .manners import by_light

SKY = (  # by day, at sunset, at night: top, middle and horizon
    ((0.33, 0.66, 0.94), (0.36, 0.24, 0.50), (0.03, 0.05, 0.17)),
    ((0.60, 0.83, 0.98), (0.90, 0.46, 0.48), (0.08, 0.11, 0.29)),
    ((0.88, 0.96, 0.99), (1.00, 0.79, 0.47), (0.20, 0.24, 0.46)),
)
TINT = ((1.0, 1.0, 1.0), (0.98, 0.76, 0.70), (0.34, 0.40, 0.62))  # of the ground
DULL = ((0.66, 0.71, 0.76), (0.62, 0.48, 0.54), (0.13, 0.15, 0.23))  # clouds and mist


def column(values: torch.Tensor) -> torch.Tensor:
    """[n] -> [n,1,1], to be combined with a plane [n,H,W]."""
    return values[:, None, None]


def sky(canvas, horizon, dull=0.0):
    """A sky in three tones down to the horizon ([n,1,1], points); `dull` [n,1,1,1] is how much cloud is in it."""
    top, middle, low = (by_light(tone, canvas.light) for tone in SKY)
    part = (canvas.y / horizon).clamp(0, 1)[:, None]
    tone = torch.where(part < 0.5, torch.lerp(top, middle, (2 * part).clamp(0, 1)), torch.lerp(middle, low, (2 * part - 1).clamp(0, 1)))
    tone = torch.lerp(tone, by_light(DULL, canvas.light).expand_as(tone), dull)
    canvas.picture = torch.lerp(tone, canvas.paper, canvas.manner.sky).expand(-1, -1, -1, canvas.x.shape[2])


def tinted(canvas, red, green, blue):
    """A ground colour as the light tints it: [n,3,1,1]."""
    return torch.tensor((red, green, blue), device=canvas.light.device).view(1, 3, 1, 1) * by_light(TINT, canvas.light)


def horizon_of(canvas, chance):
    return column(canvas.height * (0.62 + 0.06 * (chance[:, 6] - 0.5)))


def wavy(canvas, level, rise, length, phase):
    """Distance in points to everything below a sine line: `rise` and `length` in points, `phase` [n,1,1] in turns."""
    return level - rise * torch.sin(6.2832 * (canvas.x / length + phase)) - canvas.y


def sea(canvas, chance, dull):
    horizon, phase = horizon_of(canvas, chance), column(chance[:, 7])
    sky(canvas, horizon, dull)
    canvas.ground(horizon - canvas.y + 0 * canvas.x, tinted(canvas, 0.12, 0.50, 0.80))
    canvas.ground(wavy(canvas, horizon + 0.17 * canvas.height, 2.2, 47.0, phase + 0.2), tinted(canvas, 0.07, 0.39, 0.72))
    for k, (down, length) in enumerate([(0.08, 40.0), (0.24, 56.0), (0.32, 64.0)]):
        canvas.stroke(wavy(canvas, horizon + down * canvas.height, 2.0, length, phase + 0.37 * k).abs() - 1.2, tinted(canvas, 0.52, 0.80, 0.96))


def hills(canvas, chance, dull, far, near):
    """Two hills of the given ground colours under a sky."""
    horizon, phase = horizon_of(canvas, chance), column(chance[:, 7])
    sky(canvas, horizon + 0.05 * canvas.height, dull)
    canvas.ground(wavy(canvas, horizon + 0.01 * canvas.height, 4.0, 1.25 * canvas.width, phase), far)
    canvas.ground(wavy(canvas, horizon + 0.16 * canvas.height, 4.5, 1.6 * canvas.width, phase + 0.45), near)


def meadow(canvas, chance, dull):
    hills(canvas, chance, dull, tinted(canvas, 0.56, 0.80, 0.32), tinted(canvas, 0.38, 0.68, 0.25))
    for k in range(7):  # tufts of small flowers
        fx = (column(chance[:, 7]) * 3.1 + k * 0.618) % 1 * canvas.width
        fy = canvas.height * (0.86 + 0.11 * ((column(chance[:, 5]) * 2.7 + k * 0.37) % 1))
        canvas.stroke(torch.hypot(canvas.x - fx, canvas.y - fy) - 1.5, tinted(canvas, 0.99, 0.95, 0.70))


def desert(canvas, chance, dull):
    hills(canvas, chance, dull, tinted(canvas, 0.96, 0.84, 0.56), tinted(canvas, 0.92, 0.73, 0.41))
    horizon = horizon_of(canvas, chance)
    for k, down in enumerate((0.22, 0.30)):
        ripple = wavy(canvas, horizon + down * canvas.height, 2.5, 75.0, column(chance[:, 7]) + 0.3 * k).abs() - 0.9
        canvas.stroke(ripple, tinted(canvas, 0.82, 0.60, 0.31))


def snow(canvas, chance, dull):
    hills(canvas, chance, dull, tinted(canvas, 0.82, 0.90, 0.98), tinted(canvas, 0.97, 0.98, 1.0))


def city(canvas, chance, dull):
    horizon = horizon_of(canvas, chance) + 0.08 * canvas.height
    sky(canvas, horizon, dull)
    lamp = torch.where((canvas.light == world.NIGHT).view(-1, 1, 1, 1), torch.tensor((0.99, 0.85, 0.42), device=chance.device).view(1, 3, 1, 1),
                       tinted(canvas, 0.86, 0.89, 0.92))
    towers = _towers(canvas, chance[:, 7], horizon - 0.05 * canvas.height, 15.0, 0.34)[0]
    canvas.ground(towers, tinted(canvas, 0.72, 0.75, 0.82))
    towers, inside = _towers(canvas, chance[:, 5], horizon, 21.0, 0.20)
    canvas.ground(towers, tinted(canvas, 0.54, 0.57, 0.66))
    windows = torch.maximum((inside % 8 - 5).abs() - 1.4, ((horizon - canvas.y) % 9 - 4.5).abs() - 1.6)
    if not canvas.manner.inked:
        canvas.cover(torch.maximum(windows, towers + 3), torch.lerp(lamp, canvas.paper, canvas.manner.ground * 0.5))
    canvas.ground(horizon - canvas.y + 0 * canvas.x, tinted(canvas, 0.42, 0.43, 0.49))


def _towers(canvas, chance, horizon, block, tall):
    """A row of houses `block` points apart: (distance, points from each house's left edge)."""
    shifted = canvas.x + block * column(chance)
    number = torch.floor(shifted / block)
    rise = tall * (0.5 + (torch.sin(number * 12.9898 + 40 * column(chance)) * 43758.5453 % 1)) * canvas.height
    inside = shifted - number * block
    return torch.maximum((inside - block / 2).abs() - block / 2 + 1, horizon - rise - canvas.y), inside


def night_sky(canvas, chance, dull):
    sky(canvas, torch.full_like(column(chance[:, 0]), 1.25 * canvas.height), dull)
    arm = (canvas.y - canvas.height * (0.35 + 0.4 * column(chance[:, 5])) - 0.35 * (canvas.x - canvas.width / 2)) / (0.22 * canvas.height)
    haze = torch.exp(-arm * arm)[:, None] * (1 - canvas.manner.sky)
    canvas.picture = torch.lerp(canvas.picture, torch.tensor((0.32, 0.26, 0.52), device=chance.device).view(1, 3, 1, 1).expand_as(canvas.picture),
                                0.5 * haze.expand_as(canvas.picture))
    dots = torch.full((len(chance), canvas.y.shape[1], canvas.x.shape[2]), 1e3, device=chance.device)
    for k in range(22):
        fx = (column(chance[:, 7]) * 5.1 + k * 0.6180) % 1 * canvas.width
        fy = (column(chance[:, 6]) * 3.3 + k * 0.7549 + k * k * 0.013) % 1 * canvas.height
        dots = torch.minimum(dots, torch.hypot(canvas.x - fx, canvas.y - fy) - (0.9 + 0.35 * (k % 3)))
    canvas.stroke(dots, torch.tensor((1.0, 0.97, 0.80), device=chance.device).view(1, 3, 1, 1))


SETTINGS = {"sea": sea, "meadow": meadow, "desert": desert, "snow": snow, "city": city, "night sky": night_sky}

DULLNESS = {"": 0.0, "rain": 0.75, "snowfall": 0.45, "fog": 0.6}


def haze(canvas):
    """The colour of mist: a dull sky, or half way from the paper to the ink."""
    dull = by_light(DULL, canvas.light)
    paper = torch.lerp(canvas.paper, canvas.ink, 0.4)
    return torch.lerp(dull * 0.8 + 0.2, paper, canvas.manner.sky)


def fog_behind(canvas, chance):
    """Pales everything behind the subject, most near the ground."""
    part = 0.5 + 0.2 * (canvas.y / canvas.height).clamp(0, 1)[:, None]
    canvas.picture = torch.lerp(canvas.picture, haze(canvas).expand_as(canvas.picture), part.expand_as(canvas.picture))


def fog(canvas, chance):
    """Three banks of mist in front of everything."""
    for k, (at, thick) in enumerate([(0.16, 0.035), (0.60, 0.035), (0.83, 0.06)]):
        middle = canvas.height * (at + 0.05 * (column(chance[:, 3 + k % 2]) - 0.5))
        wave = middle + 3.0 * torch.sin(6.2832 * (canvas.x / 90.0 + column(chance[:, 7]) + 0.3 * k))
        bank = torch.exp(-(((canvas.y - wave) / (thick * canvas.height)) ** 2))[:, None]
        canvas.picture = torch.lerp(canvas.picture, haze(canvas).expand_as(canvas.picture), (0.62 * bank).expand_as(canvas.picture))


def falling(canvas):
    """The colour of rain and snow: near white, or the ink on paper."""
    white = torch.tensor((0.93, 0.96, 1.0), device=canvas.light.device).view(1, 3, 1, 1)
    return canvas.ink if canvas.manner.sky > 0.5 else white.expand(len(canvas.light), 3, 1, 1)


def rain(canvas, chance):
    """Slanting streaks, sixteen points apart: few and bold, so that they outlive eight pixels becoming one latent."""
    slanted = canvas.x + 0.32 * canvas.y + 40 * column(chance[:, 7])
    number = torch.floor(slanted / 16.0)
    across = (slanted - 16.0 * number - 8.0).abs() - 1.15
    start = torch.sin(number * 78.233 + 9 * column(chance[:, 5])) * 43758.5453 % 1
    along = ((canvas.y / 32.0 + start) % 1 - 0.5).abs() * 32.0 - 8.5
    canvas.cover(torch.maximum(across, along), falling(canvas), 0.85)


def snowfall(canvas, chance):
    """Flakes everywhere."""
    flakes = torch.full((len(chance), canvas.y.shape[1], canvas.x.shape[2]), 1e3, device=chance.device)
    for k in range(26):
        fx = (column(chance[:, 7]) * 3.7 + k * 0.6180) % 1 * canvas.width
        fy = (column(chance[:, 6]) * 2.3 + k * 0.7549 + k * k * 0.0131) % 1 * canvas.height
        flakes = torch.minimum(flakes, torch.hypot(canvas.x - fx, canvas.y - fy) - (2.1 + 0.4 * (k % 3)))
    canvas.cover(flakes, falling(canvas), 0.92)


def grid(canvas):
    """The squares of blueprint paper, sixteen points wide."""
    off = lambda along: ((along + 8) % 16 - 8).abs() - 0.35
    lines = torch.minimum(off(canvas.x) + 0 * canvas.y, off(canvas.y) + 0 * canvas.x).expand(len(canvas.light), -1, -1)
    canvas.cover(lines, canvas.ink, 0.22)
