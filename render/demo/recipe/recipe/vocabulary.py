"""The words of the tokenizer: all the world's, then words people use in prompts that later worlds will want."""

import random
import re
from collections import Counter
from pathlib import Path

from . import captions, words, world

# Words to come (see the table of the next world) and everyday prompt words: known to the tokenizer, not yet to the model.
LATER = """
cat dog bird duck owl rabbit horse bear fox whale shark turtle butterfly bee snail pig cow sheep lion tiger elephant
mountain cloud pine lighthouse skull crown castle car bus train plane airplane bicycle ship truck robot person man
woman girl boy child face hand eye apple banana cherry lemon pear cake bread cup teapot bottle book lamp candle key
clock bell ball kite flag gift box chair table door window bridge road tower church barn fence well river lake pond
waterfall island beach forest jungle garden park farm village hill valley cave volcano sky sun rain rainy fog foggy
mist misty snowfall storm stormy lightning rainbow wind cloudy moonlight sunrise dawn morning noon evening autumn
spring summer outline outlined watercolour watercolor neon pixel blueprint sketch drawing painting photo poster
sticker icon logo cartoon retro vintage minimal simple abstract pastel bright dark light pale deep vivid colourful
colorful glowing shiny soft warm cold gold golden silver gray grey beige cyan magenta navy olive maroon lime lavender
violet indigo teal old new happy sad cute pretty beautiful lovely funny scary magic tall short long wide round square
tiny giant huge two three four five many several pair both between above below behind front beside next near far top
bottom middle center centre corner side over under inside outside around with without and or not no of to from for by
at in on into onto off up down the a an is are was that this these those it its his her their one some any all more
most very too really quite just only also looking standing sitting flying floating sailing swimming growing shining
falling jumping running sleeping walking holding wearing surrounded covered full empty open closed broken high low
quality detailed best masterpiece style flat shape colour color colours colors background foreground view scene
landscape night day sunset wood wooden stone glass metal paper cloth water fire ice earth air smoke dust sand grass
leaf leaves petal petals stem trunk branch root roof wall sail mast wave waves dune dunes skyline street building
buildings house houses boat boats tree trees star stars heart hearts fish fishes balloon balloons flower flowers
mushroom mushrooms moon moons rocket rockets umbrella umbrellas me my you your we our please make paint draw give show
want like love world life time year people dream space planet ocean sea meadow field desert snow winter city town
postcard picture illustration image art artist famous greetings hello welcome holiday travel birthday party
""".split()


def spoken(n: int = 20_000) -> list[str]:
    """Every word of n captions, most frequent first (ties in alphabetical order)."""
    scenes = world.scenes(n, seed=3)
    dice = random.Random(3)
    count = Counter()
    for i in range(n):
        count.update(re.findall(r"[a-z]+", captions.write(captions.mention(world.names(scenes, i), dice), dice).lower()))
    return sorted(count, key=lambda word: (-count[word], word))


def write(folder: Path) -> int:
    """Writes the tokenizer; returns the number of tokens."""
    known = list(dict.fromkeys(spoken() + LATER))
    assert not words.unmerged(known, words.build(known))
    return words.write(folder, known)
