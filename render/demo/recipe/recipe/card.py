"""darkroom.json: what the model knows and how it is best asked."""

from . import arch, captions, world

STEPS, GUIDANCE, SAMPLER = 12, 3.0, "dpmpp_2m_karras"
FEW = {"steps": 4, "guidance": 3.0, "sampler": "dpmpp_2m"}  # evenly spread steps: Karras's need six
OUTPAINT = {"strength": 0.4, "guidance": 1.0}  # with more of either it paints second subjects
EXAMPLES = [
    "a red boat on a blue sea",
    "a watercolour of a pink mountain in the snow at sunset",
    "neon pink flower",
    "a red boat left of a white lighthouse",
    "yellow sun, pixel art, sea",
    "a yellow umbrella in the rain",
    "a rocket, blueprint",
    "an outline drawing of a purple fish at sea",
]
SHOWN = [  # on the sheet of samples, after the examples
    "an orange cat in a green meadow", "a white lighthouse by the blue sea at sunset", "pink house in the snow, snowfall",
    "a brown mountain in the desert", "purple mushroom, watercolour", "a big turquoise balloon in a green meadow",
    "pixel art of a green rocket, night sky", "a white skull in the night sky, neon",
    "green pine on a snowy hill, in falling snow", "a blue bird and a red heart", "a small yellow star in the night sky",
    "a red mushroom in the fog", "watercolour of a red flower in a meadow", "a blueprint of a balloon over the city", "pink cloud at dusk",
    "a black cat left of an orange star, night",
    "an outline drawing of a red house in the city", "blue umbrella in the city, rain", "a neon blue cat in the city at night",
    "a yellow moon in a starry night sky", "pixel art of a red tree in the meadow", "a white bird on the sea, watercolour",
    "a green balloon and a yellow sun in the desert", "a blueprint of a fish",
]


def card(pixels: int = 128) -> dict:
    shown = lambda table, n=None: [name for name in list(table)[:n] if name]
    width, height = arch.buckets(pixels)[0]
    words = {
        "subjects": shown(world.SUBJECTS, world.KNOWN_SUBJECTS), "colours": shown(world.COLOURS),
        "settings": shown(world.SETTINGS), "light": shown(world.LIGHTS), "weather": shown(world.WEATHERS),
        "styles": shown(world.STYLES, world.KNOWN_STYLES), "sizes": shown(world.SIZES),
        "places": ["on the left", "on the right"], "pairs": ["left of", "right of", "next to", "and"],
    }
    named = {word for names in words.values() for name in names for word in name.split()}
    words["other"] = [word for word in captions.vocabulary() if word not in named]
    return {
        "name": "postcards",
        "description": "Little postcards in six styles, painted by a model trained from scratch.",
        "words": words,
        "sizes": [{"width": w, "height": h} for w, h in arch.buckets(pixels)],
        "defaults": {"width": width, "height": height, "steps": STEPS, "guidance": GUIDANCE, "sampler": SAMPLER},
        "few_steps": FEW,
        "outpaint": OUTPAINT,
        "examples": EXAMPLES,
    }
