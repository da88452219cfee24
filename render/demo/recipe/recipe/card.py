"""darkroom.json: what the model knows and how it is best asked."""

from . import arch, world


STEPS, GUIDANCE, SAMPLER = 12, 3.5, "dpmpp_2m_karras"
EXAMPLES = [
    "a red boat on a blue sea",
    "small yellow star in the night sky",
    "pink house in the snow, sunset",
    "a big turquoise balloon in a green meadow",
    "white rocket, desert, night",
]


def card() -> dict:
    return {
        "name": "postcards",
        "description": "Flat little postcards of one thing in one place, painted by a model trained from scratch.",
        "words": {
            "subjects": list(world.SUBJECTS), "colours": list(world.COLOURS), "settings": list(world.SETTINGS),
            "light": list(world.LIGHTS), "sizes": ["small", "big"], "places": ["on the left", "on the right"],
        },
        "sizes": [{"width": w, "height": h} for w, h in arch.BUCKETS],
        "defaults": {"width": 128, "height": 128, "steps": STEPS, "guidance": GUIDANCE, "sampler": SAMPLER},
        "examples": EXAMPLES,
    }
