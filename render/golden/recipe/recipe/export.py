"""Exports the pipelines to ONNX with Optimum itself, in both precisions, and puts them where the tests find them."""

import gzip
import hashlib
import json
import shutil
from pathlib import Path


def export(work: Path) -> None:
    from optimum.exporters.onnx import main_export

    for source in sorted((work / "torch").iterdir()):
        for name, dtype in ((source.name, "fp32"), (source.name + "-fp16", "fp16")):
            folder = work / "onnx" / name
            if folder.exists():
                shutil.rmtree(folder)
            main_export(str(source), folder, task="inpainting" if source.name == "inpaint" else "text-to-image", dtype=dtype,
                        device="cpu", library_name="diffusers", do_validation=dtype == "fp32")
            print(f"{name}: {sum(p.stat().st_size for p in folder.rglob('*') if p.is_file())} bytes")


def clean(path: Path) -> bytes:
    """A file's bytes, without the place where it was made."""
    if path.suffix != ".json":
        return path.read_bytes()
    values = json.loads(path.read_text())
    values.pop("_name_or_path", None)
    return (json.dumps(values, indent=2) + "\n").encode()


KEPT = (".json", ".txt", ".onnx", ".onnx_data")


def pack(work: Path, models: Path) -> None:
    """Writes every distinct file once, compressed, under its hash, and index.json: folder -> path -> hash."""
    if models.exists():
        shutil.rmtree(models)
    models.mkdir(parents=True)
    index = {}
    for folder in sorted((work / "onnx").iterdir()):
        files = index[folder.name] = {}
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or not path.name.endswith(KEPT) or path.name in ("tokenizer.json",):
                continue
            data = clean(path)
            name = hashlib.sha256(data).hexdigest()[:16]
            files[str(path.relative_to(folder))] = name
            (models / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    (models / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    print(f"{sum(p.stat().st_size for p in models.iterdir())} bytes of models")
