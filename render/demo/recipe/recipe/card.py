"""darkroom.json: what the model knows and how it is best asked."""

from . import arch, world


def card() -> dict:
    return {
        "name": "postcards",
        "description": "Flat little postcards of one thing in one place, painted by a model trained from scratch.",
        "words": {
            "subjects": list(world.SUBJECTS), "colours": list(world.COLOURS), "settings": list(world.SETTINGS),
            "light": list(world.LIGHTS), "sizes": ["small", "big"], "places": ["on the left", "on the right"],
        },
        "sizes": [{"width": w, "height": h} for w, h in arch.BUCKETS],
        "defaults": {"width": 128, "height": 128, "steps": 20, "guidance": 4.5, "sampler": "dpmpp_2m_karras"},
        "examples": [
            "a red boat on a blue sea",
            "small yellow star in the night sky",
            "pink house in the snow, sunset",
            "a big turquoise balloon over a green meadow",
            "white rocket, desert, night",
        ],
    }
