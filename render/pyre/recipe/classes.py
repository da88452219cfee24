"""Records which characters Python's re takes for \\s, \\w and \\d, and what int() makes of each digit.

Run in this folder, with the standard library alone: python3 classes.py > ../testdata/classes.json
"""

import json
import re
import sys
import unicodedata


def ranges(test):
    out = []
    for code in range(sys.maxunicode + 1):
        if not test(chr(code)):
            continue
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


print(json.dumps({
    "unicode": unicodedata.unidata_version,
    "assigned": ranges(lambda c: unicodedata.category(c) not in ("Cn", "Cs")),
    "space": ranges(re.compile(r"\s").match),
    "word": ranges(re.compile(r"\w").match),
    "digit": ranges(re.compile(r"\d").match),
    "values": {hex(code): int(chr(code)) for code in range(sys.maxunicode + 1) if re.match(r"\d", chr(code))},
}, separators=(",", ":")))
