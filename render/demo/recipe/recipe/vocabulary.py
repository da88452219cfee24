"""The words of the tokenizer, from words.txt: what captions say, most frequent first, then words for worlds to come.

The list is a table like the world's: a word may be appended, but the order stays, since every row of a trained
embedding belongs to a place in it. Words that are not in it are spelt in pieces, as in any BPE tokenizer.
"""

from pathlib import Path

from . import words

LIST = Path(__file__).parent / "words.txt"


def write(folder: Path) -> int:
    """Writes the tokenizer; returns the number of tokens."""
    known = list(dict.fromkeys(LIST.read_text().split()))
    assert not words.unmerged(known, words.build(known))
    return words.write(folder, known)
