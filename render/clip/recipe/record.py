"""Records what Hugging Face's fast CLIP tokenizer makes of awkward strings, for the tests of package clip.

    pip install transformers==5.23.0 open_clip_torch==3.3.0
    python render/clip/recipe/record.py

It writes into render/clip/testdata:

    demo.json.gz    strings and their ids on the demo model's vocabulary
    clip.json.gz    the same on CLIP's own vocabulary, which the package open_clip_torch carries
    ../merges.txt.gz that vocabulary's merges, in the form of a tokenizer folder: vocab.json follows from them
    classes.json.gz for every code point what kind of character it is, and its lower case where that is another
    added.json.gz   small vocabularies with tokens added in the files where people's folders have them
"""

import gzip
import importlib.util
import json
import random
import sys
import tempfile
import unicodedata
from pathlib import Path

import tokenizers
import transformers

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "testdata"
DEMO = HERE.parent.parent / "demo" / "postcards" / "tokenizer"
LEAST = 2400  # strings for each vocabulary

WORDS = """a an the red green blue boat house star moon sea cloud tree in on above below with and of photo portrait
painting masterpiece best quality highly detailed intricate cinematic lighting trending artstation octane render unreal
engine 8k 4k uhd hdr bokeh 35mm f/1.8 astronaut horse mars squirrel burger cat dog 1girl solo looking_at_viewer
greg rutkowski alphonse mucha studio ghibli hyperrealistic volumetric anti-aliasing chiaroscuro""".split()

PROSE = """masterpiece, best quality, 1girl, (detailed eyes:1.2), [blurry], BREAK, night city|a photo of an astronaut riding a horse on mars|
a\n'll 11p223RF☆ho!!to?'d'd''d of a cat to-$''d.|it's 2023, isn't it?|Dalí's café|C++ && <tag>|&amp; &lt;b&gt; &quot;|well-known|
   spaced   out  |日本語の猫、東京タワー。|北京的猫在屋顶上|고양이가 지붕 위에|แมวบนหลังคา|בת ים החתול|القطة على السطح|बिल्ली छत पर है|
кошка на крыше|ΟΔΥΣΣΕΥΣ ΣΊΣΥΦΟΣ|İSTANBUL ıstanbul|STRASSE straße ẞ|ǅungla ǈ ǋ ǲ|ﬁ ﬂ ﬃ ﬀ ﬆ|ＦＵＬＬＷＩＤＴＨ　ｔｅｘｔ　１２３|½ ¾ ² ³ ₁ Ⅳ ⅻ ①②③ ㊿ 一二三 ٣٤٥ ۱۲۳ १२३ 𝟙𝟚 𝓐𝓑 𝕬|
👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈🇫🇷👍🏽❤️‍🔥|🚀🌙⭐ a 🚀 in space|☀️☂︎ ♥ ★☆♪♫|“curly” ‘quotes’ «guillemets» „low“|em—dash en–dash minus− hyphen‐ nb‑hyphen|
…..., ;:!? ¿qué? ¡no!|€20 £5 ¥100 ₿1 ₹3|50% ‰ № ℃ ™ ® ©|3.14 1,000 1e-5 -7 +7 ±2 2×3 4096x2160|<|startoftext|>|<|endoftext|>|a<|endoftext|>b|
<|STARTOFTEXT|> <|EndOfText|>|<|endoftext|><|endoftext|> x|<|endoftext|<|endoftext|>|< |endoftext|>|<|startoftext|>'s|'<|endoftext|>|
don't DON'T Don’t can't've we'll I'd I'm they're 's 't 're 've 'm 'll 'd|''s'''t ''''d s' 'S 'T 'RE 'VE 'M 'LL 'D 'sx 'dd 'llx|
rock'n'roll o'clock 'twas y'all|e\u0301 a\u0308 o\u0302\u0323 \u0323\u0302 ḍ̇ q̣̇|\u1100\u1161\u11a8 각 ㄱㅏ|\u212b \u2126 \u00c5|\u0958 \u0915\u093c|\ufb1d \u05d9\u05b4|
\u0340 \u0341 \u0343 \u0374 \u037e \u0387|zalgo: Z̶̡͎a̷͔͝l̵͓͛g̸͚̀o̴̟̚|a\u00a0b\u2003c\u3000d\u200be\u2060f\ufeffg|\u0085next \u2028line \u2029para|\x1c\x1d\x1e\x1f seps|
tab\tnew\nline\r\nfeed\x0c vt\x0b|\x00\x01\x07\x08\x1b\x7f\x80\x9f|\u00ad soft\u00adhyphen|\u202eRTL override\u202c \u2066isolate\u2069|\ufffd\ufffe\uffff \U0010ffff|
\ue000 private \U000f0000|\U00010400 \U00010428 Deseret|\u01c5 \u1f88 \u1fb3 \u1f80|\u0130\u0131 i\u0307 I\u0307|ſ ẛ K Å ℵ|\u03a3 \u03c2 \u03c3 ΑΣ ΑΣ. Σ|
http://example.com/a?b=c&d=e#f|user@example.com @user #tag|$HOME/dir\\file.txt C:\\x|`code` ~tilde~ ^caret^ |a_b__c___d|--ar 3:2 --v 5 —ar 16:9|
{red|green} {2$$a|b} __animals/birds__|hot::2 dog::-0.5|(((deep))) [[[square]]] {{{curly}}}|\\(escaped\\) \\[brackets\\]|<lora:ink:0.8> <hypernet:x:1>|
a AND b :0.5|[cat:dog:0.5] [a|b] [x::3]|0 00 000 0123456789 1a2b3c 3d 2nd 21st|MiXeD CaSe UPPER lower|!!!! ???? .... ,,,, ;;;; ----|! " # $ % & ' ( ) * + , - . / : ; < = > ? @""".replace("|\n", "|")


def prose() -> list[str]:
    # The special tokens contain the divider, so it is put back into them afterwards.
    text = PROSE.replace("<|", "\ue100").replace("|>", "\ue101")
    return [s.replace("\ue100", "<|").replace("\ue101", "|>") for s in text.split("|")]


RANGES = [(0x20, 0x7e), (0xa0, 0x24f), (0x250, 0x36f), (0x370, 0x3ff), (0x400, 0x52f), (0x590, 0x6ff), (0x900, 0xdff),
          (0xe00, 0xfff), (0x10a0, 0x11ff), (0x1e00, 0x1fff), (0x2000, 0x2bff), (0x2c00, 0x2dff), (0x3000, 0x33ff),
          (0x4e00, 0x9fff), (0xa640, 0xabff), (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfb00, 0xfdff), (0xfe00, 0xffef),
          (0x10000, 0x107ff), (0x10900, 0x10bff), (0x11000, 0x11fff), (0x1d400, 0x1d7ff), (0x1e900, 0x1f0ff),
          (0x1f100, 0x1faff), (0x20000, 0x2a6df), (0x0, 0x1f), (0x7f, 0x9f)]


def strings() -> list[str]:
    r = random.Random(20240229)
    out = ["", *prose()]
    for lo, hi in RANGES:  # a stretch of each part of Unicode, with neighbours that may join or not
        for _ in range(12):
            out.append("".join(r.choice(["a", " ", "", "1", "'", "\u0301"]) + chr(r.randint(lo, hi)) for _ in range(r.randint(1, 12))))
    marks = [chr(c) for c in range(0x300, 0x370)] + list("\u200d\ufe0f\u20e3\u0f39\u1cd0")
    emoji = "👩👨🚀🌙❤☀🏽🇩🇪🇯🇵👍🧑‍🎨🎨🦄"
    while len(out) < LEAST:
        kind = r.randrange(10)
        if kind == 0:
            s = ", ".join(" ".join(r.choices(WORDS, k=r.randint(1, 4))) for _ in range(r.randint(1, 12)))
        elif kind == 1:
            s = "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.choice([3, 12, 40, 200])))
        elif kind == 2:
            s = "".join(r.choice(WORDS) + r.choice(marks) * r.randint(0, 3) for _ in range(r.randint(1, 6)))
        elif kind == 3:
            s = "".join(r.choice(list(emoji) + [" ", "a", "\u200d", "\ufe0f"]) for _ in range(r.randint(1, 20)))
        elif kind == 4:
            s = "".join(r.choice(["'", "'s", "'T", "'re", "'LL", "d", " ", "x", "1", "’"]) for _ in range(r.randint(2, 16)))
        elif kind == 5:
            s = "".join(chr(r.choice([r.randint(*r.choice(RANGES)), r.randint(32, 126), 32])) for _ in range(r.randint(1, 30)))
        elif kind == 6:
            s = "".join(r.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ a1") for _ in range(r.randint(1, 30)))
        elif kind == 7:
            s = "".join(r.choice(["<|startoftext|>", "<|endoftext|>", "<|", "|>", "endoftext", "<", " ", "a", "É", "\n", "'"]) for _ in range(r.randint(1, 8)))
        elif kind == 8:
            s = unicodedata.normalize(r.choice(["NFD", "NFKD", "NFC"]), "".join(chr(r.choice([r.randint(0xc0, 0x17f), r.randint(0x1e00, 0x1fff), r.randint(0xac00, 0xd7a3)])) for _ in range(r.randint(1, 10))))
        else:
            s = r.choice(WORDS).upper() + r.choice(["", " ", "\u00a0", "\u0085", "\u3000", "\t\n", "\u200b"]) + str(r.randint(0, 10**9)) + r.choice(WORDS).title()
        out.append(s)
    return [s for s in dict.fromkeys(out) if not any(0xD800 <= ord(c) <= 0xDFFF for c in s)]


def record(tokenizer) -> dict:
    texts = strings()
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return {"source": f"transformers {transformers.__version__} {type(tokenizer).__name__}, tokenizers {tokenizers.__version__}",
            "cases": [{"text": t, "ids": i} for t, i in zip(texts, ids)]}


def alphabet() -> list[str]:
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in own] + [chr(256 + n) for n in range(256 - len(own))]


def vocabulary(merges: list[str]) -> dict:
    """CLIP's order: the 256 bytes, the same at a word's end, what each merge makes, the two special tokens."""
    bytes_ = alphabet()
    all_ = bytes_ + [b + "</w>" for b in bytes_] + [m.replace(" ", "") for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return {s: i for i, s in enumerate(all_)}


def write(name: str, data) -> None:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    (OUT / name).write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


def folder(files: dict):
    d = tempfile.TemporaryDirectory()
    for name, content in files.items():
        (Path(d.name) / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return d


def open_folder(files: dict):
    with folder(files) as d:
        return transformers.CLIPTokenizer.from_pretrained(d)


def own_merges() -> list[str]:
    package = Path(importlib.util.find_spec("open_clip").origin).parent
    with gzip.open(package / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8") as f:
        return f.read().split("\n")[1:49152 - 256 - 2 + 1]


def classes() -> dict:
    """Every code point between two q, with which nothing composes, on a vocabulary of bare bytes: the ids tell whether it
    is a letter (L), a blank (s), a number (N) or other (o), and what it is read as where that is not itself."""
    vocab = {s: i for i, s in enumerate(alphabet() + [b + "</w>" for b in alphabet()] + ["<|startoftext|>", "<|endoftext|>"])}
    t = open_folder({"vocab.json": vocab, "merges.txt": "#version: 0.2\n"})
    order = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order += [b for b in range(256) if b not in order]

    def words(texts: list[str]) -> list[str]:
        return ["".join(bytes([order[i % 256]]).decode("latin-1") + (" " if i >= 256 else "") for i in ids)[:-1].encode("latin-1").decode("utf-8")
                for ids in t(texts, add_special_tokens=False)["input_ids"]]

    points = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    runs, reads = [], []
    for start in range(0, len(points), 65536):
        some = [chr(c) for c in points[start:start + 65536]]
        for c, one, two in zip(some, words([f"q{c}q" for c in some]), words([c + c for c in some])):
            kind, usual = {1: ("L", f"q{c}q"), 2: ("s", "q q")}.get(one.count(" ") + 1, ("o", f"q {c} q"))
            if kind == "o" and " " in two:
                kind = "N"
            if not runs or runs[-1][1] != kind:
                runs.append([ord(c), kind])
            if one != usual:
                reads.append([ord(c), one])
    return {"runs": runs, "reads": reads}


def added() -> list[dict]:
    letters = {s: i for i, s in enumerate([*"abcdefghijklmnopqrstuvwxyz,.'1<>-_*", *(c + "</w>" for c in "abcdefghijklmnopqrstuvwxyz,.'1<>-_*"), "ca", "cat</w>", "<|startoftext|>", "<|endoftext|>"])}
    n = len(letters)
    base = {"vocab.json": letters, "merges.txt": "#version: 0.2\nc a\nca t</w>\n"}
    entry = lambda content, **k: {"content": content, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": False, **k}
    texts = ["a <cat-toy> b", "<Cat-Toy>", "<CAT-TOY>x", "x<cat-toy>", "cat <cat-toy> cat", "  <cat-toy>  ", "zed", "a zed b", "zedzed", "azedb", "Zed ZED",
             "z e d", "<cat-toy><cat-toy>", "<cat-toy", "<|endoftext|> zed", "zed's", "zed.", "cat zed\n\tcat", "1zed1", "<s1> <s2>", "<s1><s2>cat", "<S1>", "é zed", "zed\u0301",
             "İzed", "  zed", "zed  zed", "zed_", "<|startoftext|>zed", "*", "**", "a*b", "<|EndOfText|> a", "a<|STARTOFTEXT|><|endoftext|>", "zed1", "zed\u200d", "zed\u203f"]
    typed = ["!", "!!", "cat!", "!cat", "a!b", "! !", ".!.", "Cat ! a", "cat!\u0301", "<|endoftext|>!", "!<|EndOfText|>"]
    cases = []
    for extra in [
        {"added_tokens.json": {"<cat-toy>": n, "zed": n + 1}},
        {"tokenizer_config.json": {"added_tokens_decoder": {str(n - 2): entry("<|startoftext|>", special=True), str(n - 1): entry("<|endoftext|>", special=True), str(n): entry("<cat-toy>"), str(n + 1): entry("zed", normalized=True)}}},
        {"tokenizer_config.json": {"added_tokens_decoder": {str(n): entry("<s1>", lstrip=True, rstrip=True), str(n + 1): entry("zed", single_word=True), str(n + 2): entry("<s2>", rstrip=True, special=True)}}},
        {"tokenizer_config.json": {"tokenizer_class": "CLIPTokenizer", "do_lower_case": True, "pad_token": "*"}, "special_tokens_map.json": {"pad_token": "*", "bos_token": entry("<|startoftext|>", normalized=True), "eos_token": entry("<|endoftext|>", normalized=True)}},
        {"special_tokens_map.json": {"additional_special_tokens": ["<s1>", "zed"]}},
        # as the folders of Stable Diffusion 1 and of SDXL's first encoder have it
        {"tokenizer_config.json": {"bos_token": {"__type": "AddedToken", **entry("<|startoftext|>", normalized=True)}, "unk_token": {"__type": "AddedToken", **entry("<|endoftext|>", normalized=True)}, "pad_token": "<|endoftext|>"},
         "special_tokens_map.json": {"bos_token": entry("<|startoftext|>", normalized=True), "eos_token": entry("<|endoftext|>", normalized=True), "pad_token": "<|endoftext|>", "unk_token": entry("<|endoftext|>", normalized=True)}},
        # as the folders of SDXL's second encoder have it: "!", which people type, fills chunks up
        {"vocab.json": {**letters, "!": n, "!</w>": n + 1}, "special_tokens_map.json": {"bos_token": entry("<|startoftext|>", normalized=True), "eos_token": entry("<|endoftext|>", normalized=True), "pad_token": "!", "unk_token": entry("<|endoftext|>", normalized=True)},
         "tokenizer_config.json": {"added_tokens_decoder": {str(n): entry("!", special=True), str(n - 2): entry("<|startoftext|>", normalized=True, special=True), str(n - 1): entry("<|endoftext|>", normalized=True, special=True)},
                                   "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "!", "unk_token": "<|endoftext|>"}},
        # as Stable Diffusion 2's has it, and where a list of added tokens says nothing of how the others are found
        {"vocab.json": {**letters, "!": n, "!</w>": n + 1}, "special_tokens_map.json": {"bos_token": entry("<|startoftext|>", normalized=True), "eos_token": entry("<|endoftext|>", normalized=True), "pad_token": "!", "unk_token": entry("<|endoftext|>", normalized=True)}},
        {"vocab.json": {**letters, "!": n, "!</w>": n + 1}, "special_tokens_map.json": {"bos_token": entry("<|startoftext|>", normalized=True), "eos_token": entry("<|endoftext|>", normalized=True), "pad_token": "!"},
         "tokenizer_config.json": {"added_tokens_decoder": {str(n): entry("!", special=True)}}},
        # one that is a word already, and one that begins like another
        {"added_tokens.json": {"cat": n, "<s1>": n + 1, "<s1>x": n + 2}},
    ]:
        files = {**base, **extra}
        try:
            t = open_folder(files)
        except Exception as e:  # noqa: BLE001
            print("refused", list(extra), e, file=sys.stderr)
            continue
        cases.append({"files": files, "ids": {k: getattr(t, k) for k in ("bos_token_id", "eos_token_id", "pad_token_id")},
                      "cases": [{"text": s, "ids": t(s, add_special_tokens=False)["input_ids"]} for s in texts + (typed if t.pad_token == "!" else [])]})
    # The same in one file, as folders saved by the fast tokenizer have it.
    t = open_folder(base)
    t.add_tokens(["<cat-toy>", "zed"])
    with tempfile.TemporaryDirectory() as d:
        t.save_pretrained(d)
        files = {p.name: p.read_text(encoding="utf-8") for p in sorted(Path(d).iterdir())}
    t = open_folder(files)
    cases.append({"files": {k: json.loads(v) for k, v in files.items()}, "ids": {k: getattr(t, k) for k in ("bos_token_id", "eos_token_id", "pad_token_id")},
                  "cases": [{"text": s, "ids": t(s, add_special_tokens=False)["input_ids"]} for s in texts]})
    return cases


def main() -> None:
    write("demo.json.gz", record(transformers.CLIPTokenizer.from_pretrained(DEMO)))
    merges = own_merges()
    text = "#version: 0.2\n" + "\n".join(merges) + "\n"
    write("../merges.txt.gz", text)
    write("clip.json.gz", record(open_folder({"vocab.json": vocabulary(merges), "merges.txt": text})))
    write("added.json.gz", added())
    write("classes.json.gz", classes())


if __name__ == "__main__":
    main()
