"""The tokenizer: CLIP's byte-pair encoding, with a vocabulary in which every word the model knows is one token.

CLIP learns its merges from how often pairs occur. With a vocabulary as small as ours the merges are laid down
directly instead: each word, most frequent first, gets the left-to-right chain of merges that builds it. Encoding is
the standard algorithm (always apply the lowest-ranked merge), so a chain can be disturbed by an earlier word's
merges; `build` therefore replays the encoder and adds whatever merges a word still lacks.
"""

import json
from pathlib import Path

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"


def byte_alphabet() -> list[str]:
    """The 256 characters that stand for bytes, in CLIP's order: the printable ones first, the others remapped."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    remapped = 256 - len(printable)
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(remapped)]


def split(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """Encodes one word: joins the adjacent pair of lowest rank, everywhere it occurs, until none is known."""
    parts = [*word[:-1], word[-1] + WORD_END]
    while len(parts) > 1:
        best = min(zip(parts, parts[1:]), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        joined, i = [], 0
        while i < len(parts):
            step = 2 if tuple(parts[i : i + 2]) == best else 1
            joined.append("".join(parts[i : i + step]))
            i += step
        parts = joined
    return parts


def build(words: list[str]) -> list[tuple[str, str]]:
    """The merges, in rank order, under which every word of the list is a single token."""
    ranks: dict[tuple[str, str], int] = {}
    for word in words:
        while len(parts := split(word, ranks)) > 1:
            ranks.setdefault((parts[0], parts[1]), len(ranks))
    return list(ranks)


def unmerged(words: list[str], merges: list[tuple[str, str]]) -> list[str]:
    """The words that are more than one token (a later merge never disturbs an earlier word, but check)."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    return [word for word in words if len(split(word, ranks)) > 1]


def write(folder: Path, words: list[str]) -> int:
    """Writes the four files of a CLIP tokenizer; returns the number of tokens."""
    merges = build(words)
    alphabet = byte_alphabet()
    tokens = alphabet + [c + WORD_END for c in alphabet]
    tokens += dict.fromkeys("".join(pair) for pair in merges)
    tokens += [START, END]
    folder.mkdir(parents=True, exist_ok=True)
    save = lambda name, value: (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
    save("vocab.json", {token: i for i, token in enumerate(tokens)})
    lines = ["#version: 0.2"] + [" ".join(pair) for pair in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    specials = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    save("special_tokens_map.json", specials)
    save(
        "tokenizer_config.json",
        {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True,
         "add_prefix_space": False, "errors": "replace", **specials},
    )
    return len(tokens)
