"""More subjects, drawn like those of `shapes`: layers (distance, paint), bottom first, in coordinates of -1..1."""

import math

import torch

from .shapes import both, box, circle, cut, ellipse, line, polygon


def sun(u, v):
    rays = []
    for k in range(10):
        turn = 2 * math.pi * k / 10
        c, s = math.cos(turn), math.sin(turn)
        tip = lambda r, side: (r * c - side * s, r * s + side * c)
        rays.append(polygon(u, v, tip(0.98, 0.0), tip(0.62, 0.17), tip(0.62, -0.17)))
    return [(both(*rays), "shade"), (circle(u, v, 0, 0, 0.58), "main")]


def mountain(u, v):
    peak = polygon(u, v, (-1.0, -0.75), (-0.12, 0.92), (0.8, -0.75))
    snow = polygon(u, v, (-0.42, 0.35), (-0.12, 0.92), (0.2, 0.35), (0.06, 0.2), (-0.06, 0.38), (-0.2, 0.18), (-0.3, 0.36))
    return [
        (polygon(u, v, (0.05, -0.75), (0.6, 0.3), (1.0, -0.75)), "shade"),
        (peak, "main"),
        (snow, "cream"),
    ]


def cloud(u, v):
    puffs = both(circle(u, v, -0.52, -0.12, 0.38), circle(u, v, 0.56, -0.14, 0.36), circle(u, v, -0.08, 0.22, 0.5),
                 circle(u, v, 0.34, 0.12, 0.38), box(u, v, 0.02, -0.3, 0.55, 0.2))
    return [(puffs, "main"), (both(ellipse(u, v, -0.14, 0.4, 0.24, 0.15), ellipse(u, v, -0.58, 0.02, 0.15, 0.1)), "shine")]


def pine(u, v):
    tier = lambda low, high, wide: polygon(u, v, (-wide, low), (0, high), (wide, low))
    return [
        (box(u, v, 0, -0.82, 0.12, 0.17), "wood"),
        (tier(-0.68, 0.2, 0.74), "main"),
        (tier(-0.2, 0.6, 0.58), "main"),
        (tier(0.25, 0.98, 0.42), "main"),
        (both(line(u, v, -0.42, -0.2, 0.42, -0.2, 0.035), line(u, v, -0.3, 0.25, 0.3, 0.25, 0.035)), "shade"),
    ]


def bird(u, v):
    return [
        (polygon(u, v, (-0.35, 0.0), (-1.0, 0.22), (-0.98, -0.26)), "shade"),
        (polygon(u, v, (0.7, 0.26), (1.0, 0.1), (0.7, 0.0)), "flame"),
        (both(ellipse(u, v, -0.05, -0.16, 0.62, 0.36), circle(u, v, 0.5, 0.12, 0.29)), "main"),
        (polygon(u, v, (-0.32, -0.1), (0.26, -0.1), (-0.1, 0.5), (-0.52, 0.92)), "shade"),
        (circle(u, v, 0.57, 0.18, 0.075), "ink"),
    ]


def cat(u, v):
    head = both(circle(u, v, 0, 0.36, 0.4), polygon(u, v, (-0.4, 0.42), (-0.36, 0.96), (-0.04, 0.66)),
                polygon(u, v, (0.4, 0.42), (0.36, 0.96), (0.04, 0.66)))
    tail = both(line(u, v, 0.3, -0.8, 0.74, -0.7, 0.11), line(u, v, 0.74, -0.7, 0.8, -0.1, 0.11))
    eyes = both(ellipse(u, v, -0.17, 0.42, 0.085, 0.11), ellipse(u, v, 0.17, 0.42, 0.085, 0.11))
    pupils = both(ellipse(u, v, -0.17, 0.42, 0.04, 0.09), ellipse(u, v, 0.17, 0.42, 0.04, 0.09))
    return [
        (tail, "shade"),
        (torch.maximum(ellipse(u, v, 0, -0.55, 0.5, 0.75), -0.95 - v), "main"),
        (head, "main"),
        (eyes, "cream"),
        (pupils, "ink"),
        (polygon(u, v, (-0.07, 0.28), (0.07, 0.28), (0, 0.18)), "rose"),
    ]


def lighthouse(u, v):
    tower = polygon(u, v, (-0.4, -0.95), (0.4, -0.95), (0.24, 0.42), (-0.24, 0.42))
    stripe = lambda y: torch.maximum(tower, (v - y).abs() - 0.14)
    return [
        (tower, "main"),
        (both(stripe(-0.5), stripe(0.06)), "cream"),
        (box(u, v, 0, 0.57, 0.19, 0.16), "lamp"),
        (box(u, v, 0, 0.42, 0.34, 0.05), "shade"),
        (polygon(u, v, (-0.3, 0.72), (0, 0.98), (0.3, 0.72)), "main"),
    ]


def skull(u, v):
    bone = both(ellipse(u, v, 0, 0.22, 0.78, 0.7), box(u, v, 0, -0.55, 0.36, 0.3))
    teeth = both(*[box(u, v, x, -0.7, 0.03, 0.15) for x in (-0.18, 0.0, 0.18)])
    return [
        (bone, "main"),
        (both(circle(u, v, -0.33, 0.14, 0.22), circle(u, v, 0.33, 0.14, 0.22)), "hollow"),
        (polygon(u, v, (0, -0.08), (-0.12, -0.3), (0.12, -0.3)), "hollow"),
        (teeth, "hollow"),
    ]


def kite(u, v):
    sail = polygon(u, v, (0.1, 0.98), (0.62, 0.38), (0.1, -0.42), (-0.42, 0.38))
    tail = both(line(u, v, 0.1, -0.42, -0.1, -0.66, 0.035), line(u, v, -0.1, -0.66, 0.06, -0.95, 0.035))
    bow = lambda x, y: both(polygon(u, v, (x, y), (x - 0.2, y + 0.11), (x - 0.2, y - 0.11)),
                            polygon(u, v, (x, y), (x + 0.2, y + 0.11), (x + 0.2, y - 0.11)))
    return [
        (tail, "wood"),
        (both(bow(-0.06, -0.62), bow(0.04, -0.9)), "shade"),
        (sail, "main"),
        (torch.maximum(sail, torch.maximum(u - 0.1, v - 0.38)), "shine"),
        (torch.maximum(sail, torch.maximum(0.1 - u, 0.38 - v)), "shine"),
    ]


DRAW = {f.__name__: f for f in (sun, mountain, cloud, pine, bird, cat, lighthouse, skull, kite)}
