"""How A1111 reads a prompt, written anew from the description of its grammar: fragments with weights, chunks of 75
tokens, hidden states multiplied and their mean restored. Words are read as there by Hugging Face's tokenizer for CLIP's
encoders, and by open_clip's for OpenCLIP's.
"""

import gzip
import importlib.util
import re
import tempfile
from pathlib import Path

import torch

ROUND, SQUARE = 1.1, 1 / 1.1
TOKENS = re.compile(
    r"(?P<literal>\\[()\[\]])|(?P<backslash>\\\\)|(?P<lone>\\)|(?P<open>\()|(?P<square>\[)"
    r"|(?P<weight>:\s*[+-]?[.\d]+\s*\))|(?P<close>\))|(?P<unsquare>\])|(?P<text>[^\\()\[\]:]+)|(?P<colon>:)"
)
BREAK = re.compile(r"\s*\bBREAK\b\s*")


def fragments(prompt: str) -> list:
    """[[text, weight], …]"""
    out, rounds, squares = [], [], []

    def multiply(start, by):
        for fragment in out[start:]:
            fragment[1] *= by

    for match in TOKENS.finditer(prompt):
        kind, text = match.lastgroup, match.group()
        if kind == "literal":
            out.append([text[1], 1.0])
        elif kind == "backslash":
            out.append(["\\", 1.0])
        elif kind == "lone":
            out.append(["", 1.0])
        elif kind == "open":
            rounds.append(len(out))
        elif kind == "square":
            squares.append(len(out))
        elif kind == "weight" and rounds:
            multiply(rounds.pop(), float(text[1:-1]))
        elif kind == "close" and rounds:
            multiply(rounds.pop(), ROUND)
        elif kind == "unsquare" and squares:
            multiply(squares.pop(), SQUARE)
        else:
            for i, part in enumerate(BREAK.split(text)):
                if i:
                    out.append(["BREAK", -1])
                out.append([part, 1.0])
    for start in rounds:
        multiply(start, ROUND)
    for start in squares:
        multiply(start, SQUARE)
    merged = []
    for text, weight in out or [["", 1.0]]:
        if merged and merged[-1][1] == weight:
            merged[-1][0] += text
        else:
            merged.append([text, weight])
    return merged


class Words:
    """A tokenizer of CLIP's, whose chunks are filled up with the end token."""

    def __init__(self, tokenizer):
        self.tokenizer, self.begin, self.end, self.pad = tokenizer, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id

    def __call__(self, text: str) -> list:
        return self.tokenizer(text, add_special_tokens=False).input_ids


class OpenWords(Words):
    """open_clip's own tokenizer on the same merges. Nothing that fills a chunk up is special to it."""

    def __init__(self, tokenizer):
        super().__init__(tokenizer)
        source = Path(importlib.util.find_spec("open_clip").origin).parent / "tokenizer.py"  # the package needs more than we do
        spec = importlib.util.spec_from_file_location("open_clip_tokenizer", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with tempfile.TemporaryDirectory() as folder:
            tokenizer.backend_tokenizer.model.save(folder)
            packed = Path(folder) / "merges.gz"
            packed.write_bytes(gzip.compress((Path(folder) / "merges.txt").read_bytes().strip()))
            self.simple = module.SimpleTokenizer(str(packed))
        assert self.simple.all_special_ids == [self.begin, self.end]

    def __call__(self, text: str) -> list:
        return self.simple.encode(text)


def readers(pipe) -> list:
    """What reads a prompt for each text encoder."""
    each = [pipe.tokenizer] + ([pipe.tokenizer_2] if hasattr(pipe, "text_encoder_2") else [])
    return [Words(t) if t.pad_token_id == t.eos_token_id else OpenWords(t) for t in each]


def filled(ids: list, end: int, pad: int) -> list:
    """What stands after the first end token becomes `pad`, where that is another."""
    if pad == end:
        return ids
    first = ids.index(end)
    return ids[:first + 1] + [pad] * (len(ids) - first - 1)


def chunks(prompt: str, words: Words) -> list:
    """[(77 ids, 77 weights), …]"""
    comma, = words(",")
    begin, end = words.begin, words.end
    done, ids, weights, last_comma = [], [], [], -1

    def close():
        nonlocal ids, weights, last_comma
        fill = 75 - len(ids)
        whole = [begin] + ids + [end] * (fill + 1)
        done.append((filled(whole, end, words.pad), [1.0] + weights + [1.0] * (fill + 1)))
        ids, weights, last_comma = [], [], -1

    for text, weight in fragments(prompt):
        if text == "BREAK" and weight == -1:
            close()
            continue
        for token in words(text):
            if token == comma:
                last_comma = len(ids)
            elif len(ids) == 75 and last_comma != -1 and 75 - last_comma <= 20:
                cut = last_comma + 1
                ids, moved = ids[:cut], ids[cut:]
                weights, kept = weights[:cut], weights[cut:]
                close()
                ids, weights = moved, kept
            if len(ids) == 75:
                close()
            ids.append(token)
            weights.append(weight)
    if ids or not done:
        close()
    return done


def weighed(z, weights, norm=True):
    before = z.mean()
    z = z * torch.tensor(weights).reshape(1, -1, 1)
    return z * (before / z.mean()) if norm else z


def layer(encoder, ids, skip: int, norm: bool):
    """The hidden states `skip` layers before the last, and the pooled vector."""
    out = encoder(input_ids=torch.tensor([ids]), output_hidden_states=True)
    pooled = getattr(out, "text_embeds", None)
    if skip == 0 and norm:
        return out.last_hidden_state, pooled
    z = out.hidden_states[-1 - skip]
    if norm:
        z = getattr(encoder, "text_model", encoder).final_layer_norm(z)
    return z, pooled


def condition(pipe, prompt: str, clip_skip=1, norm=True, count=1) -> dict:
    """What the UNet is led by, as A1111 has it: hidden states of at least `count` chunks side by side, and SDXL's pooled
    vector. The ids of a chunk are those of the first text encoder, then those of the second."""
    each = readers(pipe)
    lists = [chunks(prompt, words) for words in each]
    assert len({len(pieces) for pieces in lists}) == 1, "A1111 could not lay these side by side"
    for pieces, words in zip(lists, each):
        while len(pieces) < count:
            pieces += chunks("", words)
    hidden, read, pooled = [], [], None
    for row in zip(*lists):
        ids, weights = row[0]
        if len(row) == 2:
            first, _ = layer(pipe.text_encoder, ids, 1, False)
            second, p = layer(pipe.text_encoder_2, row[1][0], 1, False)
            pooled = p if pooled is None else pooled
            z = torch.cat([weighed(first, weights, norm), weighed(second, row[1][1], norm)], -1)
        elif each[0].pad != each[0].end:  # Stable Diffusion 2, which has one layer whatever is asked
            z = weighed(layer(pipe.text_encoder, ids, 0, True)[0], weights, norm)
        else:
            z = weighed(layer(pipe.text_encoder, ids, clip_skip - 1, True)[0], weights, norm)
        hidden.append(z)
        read.append(sum((ids for ids, _ in row), []))
    return dict(hidden=torch.cat(hidden, 1), pooled=pooled, ids=read)
