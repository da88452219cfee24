"""The world as tables: what a postcard can show and the words for it.

A scene is a row of integers, one per attribute in ATTRIBUTES, each an index into its table below. The painter turns
scenes into pictures, `captions` turns them into words, and the probe turns pictures back into scenes.
Appending to a table keeps every index, so it keeps old checkpoints readable; reordering does not.
"""

import torch

SUBJECTS = {  # name: other ways to say it
    "boat": ["sailboat", "sailing boat"],
    "house": ["cottage", "home"],
    "tree": ["leafy tree"],
    "star": ["five-pointed star"],
    "heart": ["love heart"],
    "fish": ["swimming fish"],
    "balloon": ["hot air balloon"],
    "flower": ["blossom"],
    "mushroom": ["toadstool"],
    "moon": ["crescent moon", "crescent"],
    "rocket": ["rocket ship", "spaceship"],
    "umbrella": ["parasol"],
}
COLOURS = {  # name: (red, green, blue) in 0..1
    "red": (0.87, 0.12, 0.14),
    "orange": (0.97, 0.52, 0.08),
    "yellow": (0.99, 0.86, 0.15),
    "green": (0.13, 0.60, 0.25),
    "turquoise": (0.10, 0.76, 0.74),
    "blue": (0.13, 0.30, 0.85),
    "purple": (0.52, 0.20, 0.72),
    "pink": (0.98, 0.55, 0.74),
    "brown": (0.48, 0.28, 0.14),
    "black": (0.10, 0.10, 0.12),
    "white": (0.97, 0.97, 0.95),
}
SETTINGS = {  # name: phrases that may follow the subject
    "sea": ["at sea", "on the sea", "on a blue sea", "on the ocean", "by the blue sea", "on the waves"],
    "meadow": ["in a meadow", "in a green meadow", "on the green grass", "in the grass", "on a green field"],
    "desert": ["in the desert", "in a sandy desert", "on the sand", "on yellow sand", "on a dune"],
    "snow": ["in the snow", "on white snow", "in a snowy land", "in winter", "on a snowy hill"],
    "city": ["in the city", "in a city", "in town", "in front of the skyline", "in the grey city"],
    "night sky": ["in the night sky", "among the stars", "in the starry sky", "in a starry night sky", "in space"],
}
LIGHTS = {
    "day": ["by day", "on a sunny day", "in daylight", "under a blue sky"],
    "sunset": ["at sunset", "in the evening light", "at dusk", "under an orange sky"],
    "night": ["at night", "by night", "in the dark", "under a dark sky"],
}
SIZES = {"": 1.0, "small": 0.74, "big": 1.24}  # factor on the subject's radius
PLACES = {"": 0.0, "left": -0.2, "right": 0.2}  # shift of the subject, as a part of the picture's width

ATTRIBUTES = {
    "subject": list(SUBJECTS), "colour": list(COLOURS), "setting": list(SETTINGS), "light": list(LIGHTS),
    "size": list(SIZES), "place": list(PLACES),
}
NIGHT_SKY = list(SETTINGS).index("night sky")
NIGHT = list(LIGHTS).index("night")


def scenes(n: int, seed: int, simple: float = 0.0) -> dict[str, torch.Tensor]:
    """Draws n scenes: {attribute: int64 [n]}.

    `simple` is the part of them that shows the subject centred and at its ordinary size (the curriculum's first
    lesson). Of the rest two fifths are small or big and three tenths stand left or right.
    """
    g = torch.Generator().manual_seed(seed)
    draw = lambda values: torch.randint(len(values), (n,), generator=g)
    seldom = lambda values, part: torch.where(torch.rand(n, generator=g) < part, draw(values[1:]) + 1, 0)
    scene = {name: draw(ATTRIBUTES[name]) for name in ("subject", "colour", "setting", "light")}
    scene["light"][scene["setting"] == NIGHT_SKY] = NIGHT
    plain = torch.rand(n, generator=g) < simple
    scene["size"] = torch.where(plain, 0, seldom(list(SIZES), 0.4))
    scene["place"] = torch.where(plain, 0, seldom(list(PLACES), 0.3))
    return scene


def names(scene: dict[str, torch.Tensor], i: int) -> dict[str, str]:
    """Scene i in words: {"subject": "boat", ...}."""
    return {name: ATTRIBUTES[name][int(column[i])] for name, column in scene.items()}
