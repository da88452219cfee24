"""Captions, written as people write them: in varied wording, order and length, and never complete."""

import json
import random
import sys
from pathlib import Path

from . import world

# How often an attribute is mentioned. What is not mentioned the model is free to choose.
MENTION = {"colour": 0.9, "setting": 0.75, "light": 0.4, "size": 0.75, "place": 0.75}
OPENINGS = ["a picture of ", "a postcard of ", "a postcard with ", "picture of ", "there is ", "I want ", "draw ",
            "an illustration of "]
SIZE_WORDS = {"small": ["small", "little", "tiny"], "big": ["big", "large", "huge"]}
PLACE_WORDS = {"left": ["on the left", "to the left", "left"], "right": ["on the right", "to the right", "right"]}
COLOUR_WORDS = {"turquoise": ["turquoise", "teal"], "purple": ["purple", "violet"]}


def mention(scene: dict[str, str], dice: random.Random) -> dict[str, str]:
    """What a caption says of a scene: the subject always, the rest often; {attribute: name}, unsaid ones left out."""
    said = {"subject": scene["subject"]}
    for name, chance in MENTION.items():
        if scene[name] and dice.random() < chance:
            said[name] = scene[name]
    if scene["setting"] == "night sky":
        said.pop("light", None)
    return said


def write(said: dict[str, str], dice: random.Random) -> str:
    """One caption that says just this."""
    subject = said["subject"]
    if dice.random() < 0.12:
        subject = dice.choice(world.SUBJECTS[subject])
    synonym = lambda name, table: dice.choice(table.get(said[name], [said[name]])) if name in said else ""
    manner = _tags if dice.random() < 0.35 else _sentence
    return manner(
        dice, subject, synonym("colour", COLOUR_WORDS), synonym("size", SIZE_WORDS), synonym("place", PLACE_WORDS),
        said.get("setting", ""), said.get("light", ""),
    )


def _article(words: str, dice: random.Random) -> str:
    """The noun phrase with "a", "the" or nothing in front."""
    article = "an" if words[0] in "aeiou" else "a"
    return dice.choice([article + " ", article + " ", article + " ", "the ", ""]) + words


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)


def _sentence(dice, subject, colour, size, place, setting, light) -> str:
    """As in "a small red boat on the left at sea at sunset"."""
    thing = _article(_join(size, colour, subject), dice)
    if colour and dice.random() < 0.1:
        thing = _join(_article(_join(size, subject), dice), "that is", colour)
    where = [place] if place else []
    around = [dice.choice(world.SETTINGS[setting])] if setting else []
    around += [dice.choice(world.LIGHTS[light])] if light else []
    dice.shuffle(around)
    opening = dice.choice(OPENINGS) if dice.random() < 0.2 else ""
    if around and not opening and dice.random() < 0.12:
        return f"{around[0]}, {_join(thing, *where, *around[1:])}"
    comma = ", " if around and dice.random() < 0.15 else " "
    return _ending(opening + comma.join([_join(thing, *where), " ".join(around)]).strip(), dice)


def _tags(dice, subject, colour, size, place, setting, light) -> str:
    """As in "red boat, sea, sunset"."""
    thing = _join(size, colour, subject)
    if dice.random() < 0.3:
        thing = _article(thing, dice)
    rest = [place, dice.choice([setting, setting, *world.SETTINGS[setting]]) if setting else "", light]
    rest = [tag for tag in rest if tag]
    dice.shuffle(rest)
    tags = [thing, *rest]
    if dice.random() < 0.15:
        dice.shuffle(tags)
    if dice.random() < 0.1:
        tags.append(dice.choice(["postcard", "flat", "illustration", "flat style"]))
    return ", ".join(tags)


def _ending(text: str, dice: random.Random) -> str:
    """Now and then a capital or a full stop (the tokenizer lowers capitals; people type them)."""
    if dice.random() < 0.15:
        text = text[0].upper() + text[1:]
    return text + "." if dice.random() < 0.1 else text


def held_out(n: int, seed: int = 1, coloured: bool = False) -> list[dict]:
    """Captions that judge the model, each with what it asks for.

    They come from the full distribution, or (`coloured`) show one ordinary subject in a colour and a setting, both
    mentioned. Only what the caption says is in "asks".
    """
    scenes = world.scenes(n, seed, simple=1.0 if coloured else 0.0)
    dice = random.Random(seed)
    judged = []
    for i in range(n):
        scene = world.names(scenes, i)
        said = {k: scene[k] for k in ("subject", "colour", "setting")} if coloured else mention(scene, dice)
        judged.append({"caption": write(said, dice), "asks": said})
    return judged


def main() -> None:
    """Writes the captions that judge every model: python -m recipe.captions OUTPUT_FILE."""
    sets = {"all": held_out(500), "coloured": held_out(100, coloured=True)}
    rows = [f" {json.dumps(name)}: [\n  " + ",\n  ".join(map(json.dumps, judged)) + "\n ]" for name, judged in sets.items()]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
