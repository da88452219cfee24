"""Records how A1111 divides prompts that name textual inversions, for the tests of package clip.

    pip install torch==2.15.0 transformers==5.23.0
    python render/clip/recipe/words.py WEBUI

WEBUI is a checkout of AUTOMATIC1111's stable-diffusion-webui, v1.10.1, whose own files read the prompts with the demo
model's tokenizer. It writes render/clip/testdata/words.json.gz: prompts, and of each chunk the ids, with those of rows
from FIRST on in the places of textual inversions, and the weights.
"""

import gzip
import json
import random
import sys
import types
from pathlib import Path

import transformers

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "testdata" / "words.json.gz"
TOKENIZER = HERE.parent.parent / "demo" / "postcards" / "tokenizer"
FIRST = 60000
WORDS = {"kite": 4, "red kite": 2, "red": 1, "style-a": 10, "Long": 75, "blue boat": 30}  # vectors by name


def stub(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def parts(checkout, tokenizer):
    """tokenize_line of one model, and A1111's database of embeddings in it."""
    checkout = Path(checkout)
    package = stub("modules", __path__=[str(checkout / "modules")])
    for name in ("devices", "sd_emphasis"):
        setattr(package, name, stub("modules." + name))
    package.sd_hijack = stub("modules.sd_hijack", model_hijack=types.SimpleNamespace())
    package.shared = stub("modules.shared", opts=types.SimpleNamespace(emphasis="Original", comma_padding_backtrack=20))
    from modules import sd_hijack_clip
    text = (checkout / "modules/textual_inversion/textual_inversion.py").read_text()
    scope = {}
    exec(text[text.index("class EmbeddingDatabase"):text.index("def create_embedding(")], scope)
    model = sd_hijack_clip.TextConditionalModel()
    model.tokenize = lambda texts: tokenizer(texts, truncation=False, add_special_tokens=False)["input_ids"]
    model.chunk_length = tokenizer.model_max_length - 2
    model.comma_token = tokenizer(",", add_special_tokens=False)["input_ids"][0]
    model.id_start, model.id_end = tokenizer.bos_token_id, tokenizer.eos_token_id
    database = scope["EmbeddingDatabase"]()
    model.hijack = types.SimpleNamespace(embedding_db=database)
    for name, vectors in WORDS.items():
        word = types.SimpleNamespace(name=name, vectors=vectors)
        database.register_embedding(word, types.SimpleNamespace(cond_stage_model=model))
    return model


def firsts():
    first, out = FIRST, {}
    for name, vectors in WORDS.items():
        out[name] = first
        first += vectors
    return out


def prompts():
    yield from ["kite", "a kite over the sea", "a red kite", "red, kite", "(kite:1.3) and [red]", "KITE", "kites", "a ki te",
                "a photo of style-a, kite", "Long", "a Long b", "blue boat", "blue, boat", "", "kite BREAK kite", "(red kite:0.5)",
                "(red:1.2) kite"]
    dice = random.Random(5)
    plain = "a boat on the sea at dawn with clouds".split()
    for _ in range(50):
        words = [dice.choice(plain + ["kite", "red", "red kite", "style-a", "blue boat"]) for _ in range(dice.randint(10, 90))]
        yield "".join(w + dice.choice([" ", " ", " ", ", "]) for w in words).strip()


def main():
    tokenizer = transformers.CLIPTokenizerFast.from_pretrained(TOKENIZER)
    model, first = parts(sys.argv[1], tokenizer), firsts()
    cases = []
    for prompt in prompts():
        chunks, sound = [], True
        for chunk in model.tokenize_line(prompt)[0]:
            ids = list(chunk.tokens)
            for offset, embedding in chunk.fixes:
                at = offset + 1
                sound = sound and ids[at:at + embedding.vectors] == [0] * embedding.vectors
                ids[at:at + embedding.vectors] = range(first[embedding.name], first[embedding.name] + embedding.vectors)
            sound = sound and 0 not in ids
            chunks.append([ids, chunk.multipliers])
        if sound:  # where tokens behind a comma move on to the next chunk, A1111 leaves the vectors of theirs behind
            cases.append([prompt, chunks])
    words = [[name, first[name], vectors] for name, vectors in WORDS.items()]
    data = json.dumps({"words": words, "cases": cases}, separators=(",", ":")).encode()
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print(len(cases), OUT.stat().st_size)


main()
