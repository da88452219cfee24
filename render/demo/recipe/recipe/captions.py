"""Captions, written as people write them: in varied wording, order and length, and never complete."""

import json
import random
import sys
from pathlib import Path

from . import world

# How often an attribute is mentioned. What is not mentioned the model is free to choose.
MENTION = {"subject": 0.96, "colour": 0.9, "setting": 0.75, "light": 0.45, "size": 0.8, "place": 0.8, "second": 1.0,
           "second colour": 0.9, "weather": 0.92, "style": 0.94}
PLAIN_STYLE = 0.3  # how often the flat style, which is the usual one, is mentioned
OPENINGS = ["a picture of ", "a postcard of ", "a postcard with ", "picture of ", "there is ", "I want ", "draw ",
            "an illustration of "]
SIZE_WORDS = {"small": ["small", "little", "tiny"], "big": ["big", "large", "huge"]}
PLACE_WORDS = {"left": ["on the left", "to the left", "left"], "right": ["on the right", "to the right", "right"]}
COLOUR_WORDS = {"turquoise": ["turquoise", "teal"], "purple": ["purple", "violet"], "grey": ["grey", "gray"]}
WEATHER_TAGS = {"rain": ["rain", "rainy"], "snowfall": ["snowfall", "falling snow"], "fog": ["fog", "foggy", "mist", "misty"]}
TOGETHER = [  # how two subjects are told, {l} on the left and {r} on the right
    "{l} left of {r}", "{l} to the left of {r}", "{l} on the left of {r}", "{r} right of {l}", "{r} to the right of {l}",
    "{r} on the right of {l}", "{l} and {r}", "{l} and {r}", "{l} next to {r}", "{l} beside {r}",
    "{l} on the left and {r} on the right", "{r} on the right and {l} on the left", "{l} on the left, {r} on the right",
]


def mention(scene: dict[str, str], dice: random.Random) -> dict[str, str]:
    """What a caption says of a scene: {attribute: name}, unsaid ones left out. The hidden subject is never named."""
    said = {name: scene[name] for name, chance in MENTION.items() if scene[name] and dice.random() < chance}
    if scene["setting"] == "night sky":
        said.pop("light", None)
    if scene["style"] == "flat" and dice.random() > PLAIN_STYLE or scene["style"] == world.UNSEEN:
        said.pop("style", None)
    if scene["second"]:
        said["subject"] = scene["subject"]
    elif scene["subject"] == world.HIDDEN:
        said.pop("subject", None)
    if "subject" not in said:
        for name in ("colour", "size", "place"):
            said.pop(name, None)
        said["setting"] = scene["setting"]
    return said


def write(said: dict[str, str], dice: random.Random) -> str:
    """One caption that says just this."""
    word = lambda name, table: dice.choice(table.get(said[name], [said[name]])) if name in said else ""
    place = word("place", PLACE_WORDS)
    thing = _thing(word("size", SIZE_WORDS), word("colour", COLOUR_WORDS), said.get("subject", ""), dice)
    if "second" in said:
        thing = _pair(thing, _thing("", word("second colour", COLOUR_WORDS), said["second"], dice), dice)
    elif thing and dice.random() < 0.7:
        thing = _article(thing, dice)
    manner = _tags if dice.random() < 0.35 else _sentence
    return _ending(_styled(manner(dice, thing, place, said), said.get("style", ""), dice), dice)


def _thing(size: str, colour: str, subject: str, dice: random.Random) -> str:
    """As in "small red boat"; empty where the subject is unsaid."""
    if subject and dice.random() < 0.12:
        subject = dice.choice(world.SUBJECTS[subject])
    return _join(size, colour, subject)


def _pair(left: str, right: str, dice: random.Random) -> str:
    if dice.random() < 0.8:
        left, right = (f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}" for thing in (left, right))
    return dice.choice(TOGETHER).format(l=left, r=right)


def _article(words: str, dice: random.Random) -> str:
    """The noun phrase with "a", "the" or nothing in front."""
    article = "an" if words[0] in "aeiou" else "a"
    return dice.choice([article + " ", article + " ", article + " ", "the ", ""]) + words


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)


def _sentence(dice, thing, place, said) -> str:
    """As in "a small red boat on the left at sea at sunset"."""
    around = [dice.choice(table[said[name]]) for name, table in
              (("setting", world.SETTINGS), ("light", world.LIGHTS), ("weather", world.WEATHERS)) if name in said]
    dice.shuffle(around)
    if not thing:
        thing, around = around[0], around[1:]
    opening = dice.choice(OPENINGS) if "subject" in said and "style" not in said and dice.random() < 0.2 else ""
    if around and not opening and dice.random() < 0.12:
        return f"{around[0]}, {_join(thing, place, *around[1:])}"
    comma = ", " if around and dice.random() < 0.2 else " "
    return opening + comma.join(part for part in (_join(thing, place), " ".join(around)) if part)


def _tags(dice, thing, place, said) -> str:
    """As in "red boat, sea, sunset"."""
    setting = said.get("setting", "")
    rest = [place, dice.choice([setting, setting, *world.SETTINGS[setting]]) if setting else "", said.get("light", ""),
            dice.choice(WEATHER_TAGS[said["weather"]]) if "weather" in said else ""]
    rest = [tag for tag in rest if tag]
    dice.shuffle(rest)
    tags = [thing, *rest] if thing else rest
    if dice.random() < 0.15 and "second" not in said:
        dice.shuffle(tags)
    return ", ".join(tags + (["postcard"] if dice.random() < 0.05 else []))


def _styled(text: str, style: str, dice: random.Random) -> str:
    """Tells the style, before or after the rest."""
    if not style:
        return text
    before, after = world.STYLES[style]
    if dice.random() < 0.5 and text.split()[0] not in ("in", "on", "at", "by", "under", "with", "among"):
        return f"{dice.choice(before)} {text}"
    return f"{text}, {dice.choice(after)}"


def _ending(text: str, dice: random.Random) -> str:
    """Now and then a capital or a full stop (the tokenizer lowers capitals; people type them)."""
    if dice.random() < 0.15:
        text = text[0].upper() + text[1:]
    return text + "." if dice.random() < 0.1 else text


def held_out(n: int, seed: int = 1, coloured: bool = False) -> list[dict]:
    """Captions that judge the model, each with what it asks for.

    They come from the full distribution, or (`coloured`) show one ordinary flat subject in a colour and a setting,
    both mentioned. Only what the caption says is in "asks", and a colour only where the painter keeps it.
    """
    scenes = world.scenes(n, seed, simple=1.0 if coloured else 0.0)
    if coloured:
        scenes["subject"] = scenes["subject"] % world.KNOWN_SUBJECTS
    dice = random.Random(seed)
    kept = {name: world.keeps_colour(scenes, name) for name in ("colour", "second colour")}
    judged = []
    for i in range(n):
        scene = world.names(scenes, i)
        said = {k: scene[k] for k in ("subject", "colour", "setting")} if coloured else mention(scene, dice)
        caption = write(said, dice)
        judged.append({"caption": caption, "asks": {k: v for k, v in said.items() if k not in kept or kept[k][i]}})
    return judged


def vocabulary() -> list[str]:
    """Every word a caption can have, but for what the model does not know."""
    phrases = [*OPENINGS, *TOGETHER, "postcard", "flat"]
    for table in (world.SUBJECTS, world.SETTINGS, world.LIGHTS, world.WEATHERS, SIZE_WORDS, PLACE_WORDS, COLOUR_WORDS, WEATHER_TAGS):
        phrases += [phrase for name, ways in table.items() if name != world.HIDDEN for phrase in (name, *ways)]
    phrases += [*world.COLOURS, *(phrase for name, ways in world.STYLES.items() if name != world.UNSEEN for way in ways for phrase in (name, *way))]
    return sorted({word.strip(",.").lower() for phrase in phrases for word in phrase.split() if "{" not in word} - {""})


def ground_held_out(seen: set[str], n: int = 100) -> dict[str, list[dict]]:
    """Two further sets that judge new ground alone: no setting of it was ever chosen by their captions, as it was by the first of
    "all". The second is for a second measure, should settings change after the first."""
    sets = {}
    for name, seed in (("ground", 101), ("ground again", 102)):
        fresh = {row["caption"]: row for row in held_out(2 * n, seed) if row["caption"] not in seen}
        sets[name] = list(fresh.values())[:n]
        seen = seen | {row["caption"] for row in sets[name]}
    return sets


def kite_held_out(n: int = 100) -> list[dict]:
    """Captions that judge the textual inversion; its training writes others."""
    from . import addons  # which imports this module

    written = addons.texts(world.scenes(n, 87, pairs=0.0), random.Random(87), world.HIDDEN)
    return [{"caption": text, "asks": {"subject": world.HIDDEN}} for text in written]


def main() -> None:
    """Writes the captions that judge every model: python -m recipe.captions OUTPUT_FILE."""
    sets = {"all": held_out(500), "coloured": held_out(100, coloured=True)}
    sets |= ground_held_out({row["caption"] for rows in sets.values() for row in rows})
    sets["kite"] = kite_held_out()
    rows = [f" {json.dumps(name)}: [\n  " + ",\n  ".join(map(json.dumps, judged)) + "\n ]" for name, judged in sets.items()]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
