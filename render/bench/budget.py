"""Computes how much of a card's memory a checkpoint needs, from its real shapes: the weights as they lie on the card, what add-ons add, and
the most that a run of each network holds at once. Nothing is run. Run by hand, with a Python that has onnx and onnxruntime:

    go build -o bench ./cmd/bench && mkdir graphs && ./bench --model CHECKPOINT --graphs graphs
    python render/bench/budget.py graphs [--size 1024] [--batch 1] [--loras 3 --rank 32] [--tile 512]

What a run holds is counted as ONNX Runtime allocates: a node's output is taken when it runs and given back after its last use; shapes
share memory, sums and products may write over what they read. Attention in float16 keeps no matrix of scores (flash or memory-efficient
kernels); in float32 it keeps one. Counted are not: what the driver and its libraries take, and the workspace of convolutions.
"""

import argparse
from pathlib import Path

import onnx
from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

BYTES = {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.FLOAT16: 2, onnx.TensorProto.INT64: 8, onnx.TensorProto.INT32: 4, onnx.TensorProto.BOOL: 1}
SHARED = {"Reshape", "Unsqueeze", "Identity"}
INPLACE = {"Add", "Mul"}
MIB, GIB = 2**20, 2**30


def step(rank: int) -> int:
    """What factors are filled up to: see rankStep in render/onnx."""
    if rank <= 1:
        return rank
    if rank <= 16:
        return 16
    by = 32 if rank <= 128 else 64
    return -(-rank // by) * by


def infer(path: Path, feeds: dict, rank: int):
    """The network with all shapes known."""
    model = onnx.load(path)
    for value in model.graph.input:
        for i, d in enumerate(value.type.tensor_type.shape.dim):
            if value.name in feeds:
                d.dim_value = feeds[value.name][i]
            elif not d.dim_value:
                d.dim_value = max(rank, 1)
    return SymbolicShapeInference.infer_shapes(model, 2**31 - 1, True, False, 0).graph


def sizes(graph) -> dict:
    out = {}
    for value in [*graph.value_info, *graph.output, *graph.input]:
        n = BYTES[value.type.tensor_type.elem_type]
        for d in value.type.tensor_type.shape.dim:
            n *= d.dim_value
        out[value.name] = n
    return out


def scores(node, graph, shape) -> int:
    """The matrix of scores of an attention in float32, which has no kernel without one."""
    q, k = shape[node.input[0]], shape[node.input[1]]
    heads = next(a.i for a in node.attribute if a.name == "num_heads")
    return 4 * q[0] * heads * q[1] * k[1]


def measure(path: Path, feeds: dict, rank: int = 0) -> dict:
    """Bytes: of weights and of factors, which lie on the card between runs, and of a run at its most."""
    graph = infer(path, feeds, rank)
    size = sizes(graph)
    shape = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*graph.value_info, *graph.output, *graph.input]}
    kind = {v.name: v.type.tensor_type.elem_type for v in [*graph.value_info, *graph.output, *graph.input]}
    held = {v.name for v in graph.input} | {t.name for t in graph.initializer}
    factors = sum(size[v.name] for v in graph.input if v.name.endswith((".down", ".up"))) if rank else 0
    weights = sum(size[v.name] for v in graph.input if v.name not in feeds and not v.name.endswith((".down", ".up")))
    root, uses = {}, {}
    home = lambda name: home(root[name]) if name in root else name  # noqa: E731, whose memory a value lies in
    for node in graph.node:
        if node.op_type in SHARED:
            root[node.output[0]] = node.input[0]
        for name in node.input:
            if name:
                uses[home(name)] = uses.get(home(name), 0) + 1
    live, now = {}, sum(size[name] for name in feeds if name in size)
    most, where = now, ""
    for node in graph.node:
        taken = 0
        if node.op_type not in SHARED:
            over = next((home(i) for i in node.input if i and node.op_type in INPLACE and home(i) in live and uses[home(i)] == 1
                         and size[i] == size[node.output[0]] == live[home(i)]), None)
            if over:
                root[node.output[0]] = over
                uses[over] = uses.get(over, 0) + uses.pop(node.output[0], 0)
            else:
                for name in node.output:
                    if name:
                        live[name] = size[name]
                        taken += size[name]
        now += taken
        extra = scores(node, graph, shape) if node.op_type == "MultiHeadAttention" and kind[node.input[0]] == onnx.TensorProto.FLOAT else 0
        if now + extra > most:
            most, where = now + extra, f"{node.op_type} {shape[node.output[0]]}"
        for name in node.input:
            if not name or home(name) in held:
                continue
            uses[home(name)] -= 1
            if uses[home(name)] == 0 and home(name) in live:
                now -= live.pop(home(name))
    return {"weights": weights, "factors": factors, "run": most, "where": where}


def rows(a) -> list:
    """Each network with what it is fed."""
    side, tile, xl = a.size // 8, a.tile // 8, (a.graphs / "text_encoder_2.onnx").exists()
    width = {False: 768, True: 2048}[xl]
    unet = {"sample": (2 * a.batch, 4, side, side), "timestep": (1,), "encoder_hidden_states": (2 * a.batch, 77, width)}
    if xl:
        unet |= {"text_embeds": (2 * a.batch, 1280), "time_ids": (2 * a.batch, 6)}
    out = [(f"UNet, {a.batch} with and without prompt", "unet", unet)]
    for part in ("text_encoder", "text_encoder_2"):
        if (a.graphs / f"{part}.onnx").exists():
            out.append((part.replace("_", " "), part, {"input_ids": (2, 77)}))
    out.append(("VAE decoder, whole", "vae_decoder", {"latent_sample": (1, 4, side, side)}))
    out.append((f"VAE decoder, tiles of {a.tile}", "vae_decoder", {"latent_sample": (1, 4, tile, tile)}))
    out.append((f"VAE encoder, tiles of {a.tile}", "vae_encoder", {"sample": (1, 3, a.tile, a.tile)}))
    return out


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("graphs", type=Path)
    args.add_argument("--size", type=int, default=1024)
    args.add_argument("--batch", type=int, default=1)
    args.add_argument("--loras", type=int, default=3)
    args.add_argument("--rank", type=int, default=32)
    args.add_argument("--tile", type=int, default=512)
    a = args.parse_args()
    rank = step(a.loras * a.rank)
    print("| network | weights | factors of add-ons | a run at its most | there |\n| --- | --- | --- | --- | --- |")
    for name, part, feeds in rows(a):
        m = measure(a.graphs / f"{part}.onnx", feeds, rank if part in ("unet", "text_encoder", "text_encoder_2") else 0)
        print(f"| {name} | {m['weights'] / GIB:.2f} GiB | {m['factors'] / MIB:.0f} MiB | {m['run'] / MIB:.0f} MiB | {m['where']} |")


if __name__ == "__main__":
    main()
