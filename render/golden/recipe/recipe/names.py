"""Dumps what Optimum calls the nodes and weights of a UNet of Stable Diffusion 1.5's shape: all its blocks and layers, with
a tenth of the channels, which no name depends on.
"""

import gzip
import json
import shutil
from pathlib import Path

from . import models


def dump(words: Path, work: Path, testdata: Path) -> None:
    import diffusers
    import onnx
    from optimum.exporters.onnx import main_export

    pipeline = models.families(words, work)["sd1"]
    pipeline.unet = diffusers.UNet2DConditionModel(
        sample_size=64, block_out_channels=(32, 64, 128, 128), cross_attention_dim=models.WIDTH, attention_head_dim=8)
    source, folder = work / "shape/torch", work / "shape/onnx"
    shutil.rmtree(work / "shape", ignore_errors=True)
    pipeline.save_pretrained(source)
    main_export(str(source), folder, task="text-to-image", dtype="fp32", device="cpu", library_name="diffusers", do_validation=False)
    graph = onnx.load(folder / "unet/model.onnx").graph
    kind = onnx.TensorProto.DataType.Name
    value = lambda v: [v.name, kind(v.type.tensor_type.elem_type), [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]]
    facts = dict(
        inputs=[value(v) for v in graph.input], outputs=[value(v) for v in graph.output],
        initializers=[[t.name, kind(t.data_type), list(t.dims)] for t in graph.initializer],
        nodes=[[n.op_type, n.name, list(n.input)] for n in graph.node],
    )
    text = json.dumps(facts, separators=(",", ":")).encode()
    (testdata / "sd15-unet-names.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{len(facts['nodes'])} nodes, {len(facts['initializers'])} weights")
