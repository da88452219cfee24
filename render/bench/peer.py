"""Paints with diffusers as cmd/bench does with darkroom, and prints the same lines; compare.py runs both."""

import argparse
import io
import json
import os
import time

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
from diffusers import DDIMScheduler  # noqa: E402


def onnx(a):
    import onnxruntime
    from diffusers import OnnxStableDiffusionPipeline

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = a.threads, 1
    options.log_severity_level = 4
    provider = "CUDAExecutionProvider" if a.device == "cuda" else "CPUExecutionProvider"
    pipe = OnnxStableDiffusionPipeline.from_pretrained(f"{a.folder}/onnx", provider=provider, sess_options=options)
    for part in (pipe.text_encoder, pipe.unet):
        part.model = Fitted(part.model)
    return pipe


class Fitted:
    """A session that takes numbers in the types and ranks that today's exports have: this pipeline was made for older ones."""

    kinds = {"tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(float)": "float32", "tensor(float16)": "float16"}

    def __init__(self, session):
        self.session = session
        self.inputs = {i.name: (self.kinds[i.type], len(i.shape)) for i in session.get_inputs()}

    def __getattr__(self, name):
        return getattr(self.session, name)

    def run(self, outputs, inputs):
        fitted = {}
        for name, value in inputs.items():
            kind, rank = self.inputs[name]
            fitted[name] = (value.reshape(()) if rank == 0 else value).astype(kind)
        return self.session.run(outputs, fitted)


def pytorch(a):
    from diffusers import DiffusionPipeline

    half = {"torch_dtype": torch.float16} if a.device == "cuda" else {}
    return DiffusionPipeline.from_pretrained(f"{a.folder}/torch", **half).to(a.device)


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("kind", choices=["torch", "onnx"])
    args.add_argument("folder")
    args.add_argument("--steps", type=int, default=2)
    args.add_argument("--size", type=int, default=512)
    args.add_argument("--paints", type=int, default=3)
    args.add_argument("--threads", type=int, default=os.cpu_count())
    args.add_argument("--batch", type=int, default=1)
    args.add_argument("--device", default="cpu")
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    pipe = {"torch": pytorch, "onnx": onnx}[a.kind](a)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    print("ready", flush=True)
    for _ in range(a.paints):
        began = time.perf_counter()
        pictures = pipe(
            ["a red boat on a lake at night"] * a.batch, negative_prompt=["blurry"] * a.batch, num_inference_steps=a.steps,
            height=a.size, width=a.size, guidance_scale=7.5,
        ).images
        sizes = []
        for picture in pictures:
            file = io.BytesIO()
            picture.save(file, "PNG")
            sizes.append(file.tell())
        print(json.dumps({"seconds": time.perf_counter() - began, "bytes": sizes[0]}), flush=True)


if __name__ == "__main__":
    main()
