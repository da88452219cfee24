"""Records how Python reads AND, its weights, emphasis and BREAK in texts with characters beyond ASCII.

The patterns are facts about A1111 1.10 (re_AND, re_weight, re_attention and re_break in modules/prompt_parser.py); what
is done with their matches is written anew here. Texts on which A1111 fails (a number with two points) are left out.

Run in this folder, with the standard library alone: python3 readings.py > ../testdata/readings.json
"""

import json
import math
import random
import re

AND = re.compile(r"\bAND\b")
WEIGHT = re.compile(r"^((?:\s|.)*?)(?:\s*:\s*([-+]?(?:\d+\.?|\d*\.\d+)))?\s*$")
TOKEN = re.compile(r"\\\(|\\\)|\\\[|\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|]|[^\\()\[\]:]+|:")
BREAK = re.compile(r"\s*\bBREAK\b\s*", re.S)

PIECES = [
    "a", "boat", "AND", "BREAK", "猫", "кот", "é", "e\u0301", "\u0301", "_", "²", "Ⅷ", "１", "٢", "0.5", "１.５", "２", ".",
    "-", "+", ":", ":", "(", "(", ")", ")", "[", "]", "\\", " ", " ", "\u00a0", "\u3000", "\v", "\x1c", "\x1f", "\x85",
    "\u200b", "\u2028", "\n", "\t", ",", "🚀",
]
BY_HAND = [
    "猫AND狗", "котAND пёс", "１AND２", "a AND b", "²AND²", "_AND_", "e\u0301AND b", "🚀AND🌙", "boat AND star:0.5\u3000",
    "boat AND star:0.5\u00a0", "dog AND cat:０.５", "a :\u3000１.５\v", "a: ٢ AND b", "(cat:１.５)", "(cat:\u3000１.５\u00a0)",
    "(cat:+２)", "(cat:-٢.٥)", "(a BREAK b)", "(a BREAK b:1.5)", "[a BREAK b]", "(BREAK:1)", "(x BREAK y:-1)", "([BREAK])",
    "猫BREAK狗", "猫 BREAK\u3000狗", "a\u00a0BREAK\u2028b", "BREAK BREAK", "(a:1", "a\u200bAND b", "AND AND", "\u3000AND\v",
]


def terms(text):
    out = []
    for part in AND.split(text):
        match = WEIGHT.search(part)
        out.append([match.group(1), 1.0 if match.group(2) is None else float(match.group(2))])
    return out


def emphasis(text):
    parts, round_open, square_open = [], [], []

    def scale(start, by):
        for part in parts[start:]:
            part[1] *= by

    for match in TOKEN.finditer(text):
        token, number = match.group(0), match.group(1)
        if token[0] == "\\":
            parts.append([token[1:], 1.0])
        elif token == "(":
            round_open.append(len(parts))
        elif token == "[":
            square_open.append(len(parts))
        elif number is not None and round_open:
            scale(round_open.pop(), float(number))
        elif token == ")" and round_open:
            scale(round_open.pop(), 1.1)
        elif token == "]" and square_open:
            scale(square_open.pop(), 1 / 1.1)
        else:
            for i, piece in enumerate(BREAK.split(token)):
                parts += [["BREAK", -1.0]] * (i > 0)
                parts.append([piece, 1.0])
                if i > 0:
                    parts[-2] = list(parts[-2])
    for start in round_open:
        scale(start, 1.1)
    for start in square_open:
        scale(start, 1 / 1.1)
    merged = []
    for piece, weight in parts or [["", 1.0]]:
        if merged and merged[-1][1] == weight:
            merged[-1][0] += piece
        else:
            merged.append([piece, weight])
    return merged


draw = random.Random(11)
texts = BY_HAND + ["".join(draw.choices(PIECES, k=draw.randint(1, 14))) for _ in range(1500)]
cases = []
for text in texts:
    try:
        case = [text, terms(text), emphasis(text)]
    except ValueError:
        continue
    if all(math.isfinite(weight) for _, weight in case[1] + case[2]):
        cases.append(case)
print("[" + ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases) + "]")
