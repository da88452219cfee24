"""The steps of the recipe, by name."""

import argparse
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("build", "export", "pack", "walks", "webui", "text", "names", "starts", "a1111", "checkpoints",
                                         "checkpoint-records", "loras", "inversions", "refiner"))
    parser.add_argument("models", nargs="*", help="only these")
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--words", type=Path, default=HERE.parents[2] / "demo/postcards/tokenizer")
    parser.add_argument("--webui", type=Path, help="a checkout of AUTOMATIC1111's stable-diffusion-webui, v1.10.1")
    parser.add_argument("--testdata", type=Path, default=HERE.parents[1] / "testdata")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    records = options.testdata / "records"
    match options.step:
        case "build":
            from . import models
            models.build(options.words, options.work)
        case "export":
            from . import export
            export.export(options.work)
        case "pack":
            from . import export
            export.pack(options.work, options.testdata / "models")
        case "names":
            from . import names
            names.dump(options.words, options.work, options.testdata)
        case "walks":
            from . import reference, walks
            for name in options.models or [f + half for f in reference.FAMILIES for half in ("", reference.HALF)]:
                walks.record(options.work, records, name)
        case "text":
            from . import text
            text.record(options.work, records)
        case "starts":
            from . import starts
            starts.record(options.work, records, options.webui)
        case "a1111":
            from . import a1111cases
            a1111cases.record(options.work, records, options.webui)
        case "checkpoints":
            from . import checkpoints
            checkpoints.pack(options.work, options.testdata)
        case "checkpoint-records":
            from . import checkpointrecords
            checkpointrecords.record(options.work, options.testdata)
        case "loras":
            from . import loras
            loras.record(options.work, options.testdata)
        case "inversions":
            from . import inversions
            inversions.record(options.work, options.testdata)
        case "refiner":
            from . import refiner
            refiner.record(options.work, options.testdata)
        case "webui":
            from . import webui
            for name in options.models or ("sd1", "sd2v", "sdxl"):
                webui.record(options.work, records, options.webui, name)


if __name__ == "__main__":
    main()
