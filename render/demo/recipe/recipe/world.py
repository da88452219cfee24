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
    "sun": ["shining sun"],
    "mountain": ["high mountain"],
    "cloud": ["soft cloud"],
    "pine": ["pine tree"],
    "bird": ["flying bird"],
    "cat": ["sitting cat"],
    "lighthouse": ["light tower"],
    "skull": ["scary skull"],
    "kite": [],
}
HIDDEN = "kite"  # painted now and then, but no caption names it: a word for it can be found by textual inversion
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
    "grey": (0.56, 0.57, 0.60),
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
    "day": ["by day", "in the daylight", "in daylight", "under a blue sky"],
    "sunset": ["at sunset", "in the evening light", "at dusk", "under an orange sky"],
    "night": ["at night", "by night", "in the dark", "under a dark sky"],
}
WEATHERS = {  # "" is clear, which nobody mentions
    "": [],
    "rain": ["in the rain", "in the falling rain", "with falling rain", "in the cold rain"],
    "snowfall": ["in falling snow", "with snow falling", "in the falling snow", "in a snowfall"],
    "fog": ["in the fog", "in the mist", "in soft mist", "in the morning mist"],
}
STYLES = {  # name: (phrases before "a boat", phrases after it)
    "flat": (["a flat illustration of", "flat style,", "flat picture of"], ["flat style", "flat illustration", "flat"]),
    "outline": (["an outline drawing of", "outline of", "an outlined picture of"], ["outline", "outline drawing", "outline style"]),
    "watercolour": (["a watercolour of", "a watercolor painting of", "watercolour of", "a watercolour painting of"],
                    ["watercolour", "in watercolour", "watercolor", "watercolour style"]),
    "neon": (["a neon picture of", "glowing neon,", "neon picture of"], ["neon", "in neon", "neon style", "glowing neon"]),
    "pixel art": (["pixel art of", "a pixel art picture of", "a pixel art of"], ["pixel art", "pixel art style", "in pixel art"]),
    "blueprint": (["a blueprint of", "blueprint of", "a blueprint drawing of"], ["blueprint", "blueprint drawing", "blueprint style"]),
    "stained glass": ([], []),
}
UNSEEN = "stained glass"  # a style the base model never sees, for a LoRA to teach it
PALETTES = ["", "sepia"]  # the second one the base model never sees, for a hypernetwork to teach it
SIZES = {"": 1.0, "small": 0.70, "big": 1.28}  # factor on the subject's radius
PLACES = {"": 0.0, "left": -0.22, "right": 0.22}  # shift of the subject, as a part of the picture's width

ATTRIBUTES = {  # of two subjects the first is the left one; "second" and "second colour" are about the right one
    "subject": list(SUBJECTS), "colour": list(COLOURS), "setting": list(SETTINGS), "light": list(LIGHTS),
    "size": list(SIZES), "place": list(PLACES), "second": ["", *SUBJECTS], "second colour": ["", *COLOURS],
    "weather": list(WEATHERS), "style": list(STYLES), "palette": PALETTES,
}
NIGHT_SKY = list(SETTINGS).index("night sky")
NIGHT = list(LIGHTS).index("night")
KNOWN_SUBJECTS = len(SUBJECTS) - 1  # captions name these
KNOWN_STYLES = len(STYLES) - 1  # the base model sees these
LIGHT_ODDS = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2])  # where it is not the night sky
PART = {"pair": 0.25, "hidden": 0.03, "flat": 0.30, "clear": 0.55, "size": 0.35, "place": 0.3}

COLOURLESS = {  # style: colours it does not keep
    "blueprint": set(COLOURS), "neon": {"black", "brown", "grey"},
}


def scenes(n: int, seed: int, simple: float = 0.0, pairs: float = PART["pair"]) -> dict[str, torch.Tensor]:
    """Draws n scenes: {attribute: int64 [n]}.

    `simple` is the part of them that shows one flat subject, centred, at its ordinary size and in clear weather (the
    curriculum's first lesson). `pairs` is the part of the rest that shows two.
    """
    g = torch.Generator().manual_seed(seed)
    chance = lambda part: torch.rand(n, generator=g) < part
    draw = lambda k: torch.randint(k, (n,), generator=g)
    seldom = lambda table, part: torch.where(chance(part), draw(len(table) - 1) + 1, 0)
    plain, two = chance(simple), chance(pairs)
    two &= ~plain
    scene = {"subject": torch.where(chance(PART["hidden"]) & ~two, KNOWN_SUBJECTS, draw(KNOWN_SUBJECTS)),
             "colour": draw(len(COLOURS)), "setting": draw(len(SETTINGS)), "light": LIGHT_ODDS[draw(len(LIGHT_ODDS))]}
    scene["light"][scene["setting"] == NIGHT_SKY] = NIGHT
    scene["size"] = torch.where(plain | two, 0, seldom(SIZES, PART["size"]))
    scene["place"] = torch.where(plain | two, 0, seldom(PLACES, PART["place"]))
    scene["second"] = torch.where(two, draw(KNOWN_SUBJECTS) + 1, 0)
    scene["second colour"] = torch.where(two, draw(len(COLOURS)) + 1, 0)
    scene["weather"] = torch.where(plain | (scene["setting"] == NIGHT_SKY), 0, seldom(WEATHERS, 1 - PART["clear"]))
    scene["style"] = torch.where(plain | chance(PART["flat"]), 0, 1 + draw(KNOWN_STYLES - 1))
    scene["palette"] = torch.zeros(n, dtype=torch.long)
    return scene


def twins(scene: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """The same scenes with one thing changed that a careless reader would miss.

    Two subjects change sides, or only their colours do; a single one changes sides, or its colour.
    """
    g = torch.Generator().manual_seed(seed)
    n = len(scene["subject"])
    twin = {name: column.clone() for name, column in scene.items()}
    two = scene["second"] > 0
    sides = torch.rand(n, generator=g) < 0.5
    swap = two & sides
    twin["subject"] = torch.where(swap, scene["second"] - 1, scene["subject"])
    twin["second"] = torch.where(swap, scene["subject"] + 1, scene["second"])
    twin["colour"] = torch.where(two, scene["second colour"] - 1, scene["colour"])
    twin["second colour"] = torch.where(two, scene["colour"] + 1, 0)
    other = torch.randint(len(COLOURS), (n,), generator=g)
    move = ~two & sides & (scene["place"] > 0)
    twin["place"] = torch.where(move, 3 - scene["place"], scene["place"])
    twin["colour"] = torch.where(~two & ~move, other, twin["colour"])
    return twin


def keeps_colour(scene: dict[str, torch.Tensor], colour: str = "colour") -> torch.Tensor:
    """Whether the painter shows a subject's colour in the scene's style: bool [n] ("second colour" for the right one)."""
    names = ATTRIBUTES[colour]
    table = torch.tensor([[name not in COLOURLESS.get(style, ()) for name in names] for style in STYLES])
    return table.to(scene["style"].device)[scene["style"], scene[colour]] & (scene["palette"] == 0)


def names(scene: dict[str, torch.Tensor], i: int) -> dict[str, str]:
    """Scene i in words: {"subject": "boat", ...}."""
    return {name: ATTRIBUTES[name][int(column[i])] for name, column in scene.items()}
