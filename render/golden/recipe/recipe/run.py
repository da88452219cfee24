"""The steps of the recipe, by name."""

import argparse
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("build", "export", "pack"))
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--words", type=Path, default=HERE.parents[2] / "demo/postcards/tokenizer")
    parser.add_argument("--testdata", type=Path, default=HERE.parents[1] / "testdata")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.step == "build":
        from . import models
        models.build(options.words, options.work)
    else:
        from . import export
        export.export(options.work) if options.step == "export" else export.pack(options.work, options.testdata / "models")


if __name__ == "__main__":
    main()
