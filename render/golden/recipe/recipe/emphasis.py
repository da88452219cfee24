"""How A1111 reads a prompt, written anew from the description of its grammar: fragments with weights, chunks of 75
tokens, hidden states multiplied and their mean restored.
"""

import re

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


def chunks(prompt: str, tokenizer) -> list:
    """[(77 ids, 77 weights), …], filled up with the end token."""
    encode = lambda text: tokenizer(text, add_special_tokens=False).input_ids
    comma = encode(",")[0]
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    done, ids, weights, last_comma = [], [], [], -1

    def close():
        nonlocal ids, weights, last_comma
        fill = 75 - len(ids)
        done.append(([begin] + ids + [end] * (fill + 1), [1.0] + weights + [1.0] * (fill + 1)))
        ids, weights, last_comma = [], [], -1

    for text, weight in fragments(prompt):
        if text == "BREAK" and weight == -1:
            close()
            continue
        for token in encode(text):
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


def filled(ids: list, end: int, pad: int) -> list:
    """What stands after the first end token becomes `pad`."""
    first = ids.index(end)
    return ids[:first + 1] + [pad] * (len(ids) - first - 1)


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
    """What the UNet is led by, as A1111 has it: hidden states of at least `count` chunks side by side, and SDXL's pooled vector."""
    pieces = chunks(prompt, pipe.tokenizer)
    while len(pieces) < count:
        pieces += chunks("", pipe.tokenizer)
    end = pipe.tokenizer.eos_token_id
    hidden, read, pooled = [], [], None
    for ids, weights in pieces:
        if hasattr(pipe, "text_encoder_2"):
            first, _ = layer(pipe.text_encoder, ids, 1, False)
            second, p = layer(pipe.text_encoder_2, filled(ids, end, pipe.tokenizer_2.pad_token_id), 1, False)
            pooled = p if pooled is None else pooled
            z = torch.cat([weighed(first, weights, norm), weighed(second, weights, norm)], -1)
        elif pipe.tokenizer.pad_token_id != end:  # Stable Diffusion 2, which has one layer whatever is asked
            ids = filled(ids, end, pipe.tokenizer.pad_token_id)
            z = weighed(layer(pipe.text_encoder, ids, 0, True)[0], weights, norm)
        else:
            z = weighed(layer(pipe.text_encoder, ids, clip_skip - 1, True)[0], weights, norm)
        hidden.append(z)
        read.append(ids)
    return dict(hidden=torch.cat(hidden, 1), pooled=pooled, ids=read)
