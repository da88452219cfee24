"""Signed distances of plain shapes (negative inside), and the subjects built of them.

Every function takes coordinates u (right) and v (up), tensors [n,H,W] in which a subject fills about -1..1, and
returns distances in the same unit. Formulas: Inigo Quilez, "2D distance functions" (iquilezles.org). Edges are
anti-aliased by the painter from the distance itself, so distances need only be right near zero.
"""

import math

import torch


def circle(u, v, x, y, r):
    return torch.hypot(u - x, v - y) - r


def ellipse(u, v, x, y, a, b):
    """First-order distance: the implicit value over the length of its gradient."""
    p, q = (u - x) / a, (v - y) / b
    k = torch.hypot(p, q)
    return k * (k - 1) / torch.hypot(p / a, q / b).clamp_min(1e-4)


def box(u, v, x, y, w, h):
    """A rectangle of half width w and half height h."""
    p, q = (u - x).abs() - w, (v - y).abs() - h
    return torch.hypot(p.clamp_min(0), q.clamp_min(0)) + torch.maximum(p, q).clamp_max(0)


def line(u, v, x0, y0, x1, y1, r):
    """A stroke with round ends and half width r."""
    dx, dy = x1 - x0, y1 - y0
    t = (((u - x0) * dx + (v - y0) * dy) / (dx * dx + dy * dy)).clamp(0, 1)
    return torch.hypot(u - x0 - t * dx, v - y0 - t * dy) - r


def polygon(u, v, *corners):
    """Distance to the nearest side; the sign flips with every side that a ray to the right crosses."""
    nearest = torch.full_like(u, 1e9)
    inside = torch.zeros_like(u, dtype=torch.bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
        ex, ey = x1 - x0, y1 - y0
        p, q = u - x0, v - y0
        t = ((p * ex + q * ey) / (ex * ex + ey * ey)).clamp(0, 1)
        nearest = torch.minimum(nearest, (p - ex * t) ** 2 + (q - ey * t) ** 2)
        crosses = ((v >= y0) != (v >= y1)) & ((ex * q - ey * p) * (1 if ey > 0 else -1) < 0)
        inside ^= crosses
    return nearest.sqrt() * torch.where(inside, -1.0, 1.0)


def both(*shapes):
    """The union."""
    out = shapes[0]
    for shape in shapes[1:]:
        out = torch.minimum(out, shape)
    return out


def cut(shape, hole):
    return torch.maximum(shape, -hole)


def ring_points(n, r, start=0.5 * math.pi):
    return [(r * math.cos(start + 2 * math.pi * k / n), r * math.sin(start + 2 * math.pi * k / n)) for k in range(n)]


# A subject is a list of layers (distance, paint), bottom first. Paints: "main" is the colour of the scene, "shade" and
# "shine" are darker and lighter relatives of it, the others are fixed (see painter.PAINTS).


def boat(u, v):
    hull = polygon(u, v, (-0.98, -0.28), (0.98, -0.28), (0.58, -0.78), (-0.62, -0.78))
    return [
        (box(u, v, -0.03, 0.3, 0.045, 0.62), "wood"),
        (polygon(u, v, (0.07, 0.9), (0.80, -0.14), (0.07, -0.14)), "main"),
        (polygon(u, v, (-0.14, 0.66), (-0.14, -0.14), (-0.66, -0.14)), "cream"),
        (hull, "main"),
    ]


def house(u, v):
    return [
        (box(u, v, 0.42, 0.62, 0.11, 0.26), "stone"),
        (box(u, v, 0, -0.35, 0.68, 0.5), "main"),
        (polygon(u, v, (-0.92, 0.12), (0, 0.92), (0.92, 0.12)), "shade"),
        (box(u, v, -0.28, -0.52, 0.16, 0.33), "wood"),
        (box(u, v, 0.3, -0.28, 0.19, 0.19), "glass"),
    ]


def tree(u, v):
    crown = both(circle(u, v, -0.4, 0.18, 0.45), circle(u, v, 0.4, 0.18, 0.45), circle(u, v, 0, 0.5, 0.5))
    return [
        (polygon(u, v, (-0.17, -0.95), (-0.1, 0.1), (0.1, 0.1), (0.17, -0.95)), "wood"),
        (crown, "main"),
        (circle(u, v, -0.14, 0.58, 0.17), "shine"),
    ]


def star(u, v):
    outer, inner = ring_points(5, 1.0), ring_points(5, 0.42, start=0.7 * math.pi)
    return [(polygon(u, v, *[p for pair in zip(outer, inner) for p in pair]), "main")]


def heart(u, v):
    u = u.abs()
    v = v * 0.62 + 0.52
    u = u * 0.62
    top = torch.hypot(u - 0.25, v - 0.75) - math.sqrt(2) / 4
    t = 0.5 * (u + v).clamp_min(0)
    low = torch.minimum(torch.hypot(u, v - 1), torch.hypot(u - t, v - t)) * torch.sign(u - v)
    return [(torch.where(u + v > 1, top, low) / 0.62, "main")]


def fish(u, v):
    return [
        (polygon(u, v, (-0.48, 0.0), (-1.0, 0.52), (-0.86, 0.0), (-1.0, -0.52)), "shade"),
        (polygon(u, v, (-0.25, 0.35), (0.12, 0.74), (0.38, 0.32)), "shade"),
        (ellipse(u, v, 0.18, 0, 0.78, 0.48), "main"),
        (circle(u, v, 0.58, 0.12, 0.13), "cream"),
        (circle(u, v, 0.61, 0.12, 0.06), "ink"),
    ]


def balloon(u, v):
    bag = both(circle(u, v, 0, 0.32, 0.66), polygon(u, v, (-0.58, 0.02), (0.58, 0.02), (0.16, -0.56), (-0.16, -0.56)))
    return [
        (both(line(u, v, -0.13, -0.5, -0.13, -0.75, 0.025), line(u, v, 0.13, -0.5, 0.13, -0.75, 0.025)), "wood"),
        (box(u, v, 0, -0.85, 0.19, 0.13), "wood"),
        (bag, "main"),
        (torch.maximum(bag, ellipse(u, v, 0, 0.25, 0.24, 0.95)), "shine"),
    ]


def flower(u, v):
    petals = both(*[circle(u, v, x, y + 0.33, 0.26) for x, y in ring_points(6, 0.37)])
    return [
        (line(u, v, 0, 0.1, 0, -0.97, 0.06), "leaf"),
        (both(ellipse(u, v, 0.26, -0.66, 0.26, 0.12), ellipse(u, v, -0.26, -0.5, 0.26, 0.12)), "leaf"),
        (petals, "main"),
        (circle(u, v, 0, 0.33, 0.19), "pollen"),
    ]


def mushroom(u, v):
    cap = torch.maximum(ellipse(u, v, 0, -0.08, 0.95, 0.92), -0.08 - v)
    return [
        (polygon(u, v, (-0.22, 0.0), (0.22, 0.0), (0.32, -0.85), (-0.32, -0.85)), "cream"),
        (cap, "main"),
        (both(circle(u, v, -0.42, 0.22, 0.14), circle(u, v, 0.12, 0.5, 0.16), circle(u, v, 0.5, 0.14, 0.11)), "cream"),
    ]


def moon(u, v):
    return [(cut(circle(u, v, -0.08, 0, 0.9), circle(u, v, 0.36, 0.22, 0.72)), "main")]


def rocket(u, v):
    body = torch.maximum(circle(u, v, -0.75, -0.1, 1.08), circle(u, v, 0.75, -0.1, 1.08))
    body = torch.maximum(body, -0.62 - v)
    return [
        (polygon(u, v, (-0.17, -0.6), (0.17, -0.6), (0.0, -1.0)), "flame"),
        (polygon(u, v, (-0.2, -0.1), (-0.66, -0.5), (-0.66, -0.86), (-0.2, -0.56)), "shade"),
        (polygon(u, v, (0.2, -0.1), (0.66, -0.5), (0.66, -0.86), (0.2, -0.56)), "shade"),
        (body, "main"),
        (circle(u, v, 0, 0.08, 0.15), "glass"),
    ]


def umbrella(u, v):
    scallops = both(*[circle(u, v, x, 0.04, 0.235) for x in (-0.705, -0.235, 0.235, 0.705)])
    canopy = cut(torch.maximum(circle(u, v, 0, 0.0, 0.94), -v), scallops)
    hook = torch.maximum(circle(u, v, 0.17, -0.7, 0.17).abs() - 0.05, v + 0.7)
    return [
        (both(line(u, v, 0, 0.98, 0, -0.7, 0.05), hook), "wood"),
        (canopy, "main"),
        (torch.maximum(canopy, ellipse(u, v, 0, 0.0, 0.25, 0.96)), "shine"),
    ]


DRAW = {f.__name__: f for f in
        (boat, house, tree, star, heart, fish, balloon, flower, mushroom, moon, rocket, umbrella)}
