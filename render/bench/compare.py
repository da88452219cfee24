"""Paints the same pictures with darkroom and with diffusers, one after the other on the same folder and threads, and
prints docs/benchmarks.md's table. Run by hand, with a Python that has diffusers; shape.py makes the folder:

    python compare.py FOLDER [--size 512] [--steps 2] [--paints 5]

What is measured: seconds from the start of the process to the end of loading and to the first picture; the median of a
warm picture, from prompt to PNG; the most memory the process held, and the most of it that no file backs (the rest are
pages of the weights' files, which the system takes back when it needs them).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent


def memory(pid: int) -> dict:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {k: int(v.split()[0]) / 2**20 for k, v in (line.split(":", 1) for line in lines) if k in ("VmHWM", "RssAnon")}


def run(command: list[str]) -> dict:
    """Runs one program to its end and tells what its lines say."""
    began = time.time()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    most = {"VmHWM": 0.0, "RssAnon": 0.0}

    def watch():
        while child.poll() is None:
            for k, v in memory(child.pid).items():
                most[k] = max(most[k], v)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    errors = []
    drain = threading.Thread(target=lambda: errors.extend(child.stderr))
    drain.start()
    ready, first, paints = None, None, []
    for line in child.stdout:
        if line.startswith("ready"):
            ready = time.time() - began
        elif line.startswith("{"):
            first = first or time.time() - began
            paints.append(json.loads(line))
    watcher.join(), drain.join()
    if child.wait() != 0 or not paints:
        return {"error": "".join(errors[-3:]).strip() or f"exit {child.returncode}"}
    warm = paints[1:] or paints
    out = {"ready": ready, "first": first, "paint": statistics.median(p["seconds"] for p in warm), "total": most["VmHWM"], "own": most["RssAnon"]}
    if "ran" in paints[0]:
        out["overhead"] = statistics.median(1 - p["ran"] / p["seconds"] for p in warm)
    return out


def row(name: str, r: dict, base: dict) -> str:
    if "error" in r:
        return f"| {name} | did not run: {r['error'].splitlines()[-1][:100]} | | | | | |"
    ratio = (lambda k: f" ({base[k] / r[k]:.2f})") if base and "error" not in base and base is not r else (lambda k: "")
    share = (lambda k: f" ({r[k] / base[k]:.2f})") if base and "error" not in base and base is not r else (lambda k: "")
    over = f"{100 * r['overhead']:.2f} %" if "overhead" in r else ""
    return (f"| {name} | {r['ready']:.1f} s{ratio('ready')} | {r['first']:.1f} s{ratio('first')} | {r['paint']:.2f} s{ratio('paint')} | "
            f"{r['total']:.2f} GiB{share('total')} | {r['own']:.2f} GiB{share('own')} | {over} |")


def read(folder: Path) -> None:
    """Has the system keep all weights in memory, so that no program starts with a cold disk and another does not."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass


def machine() -> str:
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    ram = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal")) / 2**20
    return f"{os.cpu_count()} × {cpu}, {ram:.0f} GiB, {platform.system()} {platform.release()}; load {os.getloadavg()[0]:.1f} at the start"


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("folder", type=Path)
    args.add_argument("--size", default="512")
    args.add_argument("--steps", type=int, default=2)
    args.add_argument("--paints", default="6,3,6,3", help="pictures of darkroom, darkroom --prefer start, torch, diffusers' ONNX pipeline; the first one warms up")
    args.add_argument("--threads", type=int, default=os.cpu_count())
    args.add_argument("--batch", type=int, default=1)
    args.add_argument("--device", default="cpu", help="cpu or cuda")
    a = args.parse_args()
    counts = [int(n) for n in a.paints.split(",")]
    counts += [counts[-1]] * (4 - len(counts))
    with tempfile.TemporaryDirectory() as scratch:
        bench = f"{scratch}/bench"
        subprocess.run(["go", "build", "-o", bench, "./cmd/bench"], cwd=HERE.parents[1], check=True)
        os.environ.setdefault("ONNXRUNTIME_LIB", str(HERE.parents[1] / "bin/lib"))
        same = ["--steps", str(a.steps), "--size", a.size, "--threads", str(a.threads), "--batch", str(a.batch), "--device", a.device]
        ours = [bench, "--model", str(a.folder / "onnx"), *same]
        theirs = lambda kind: [sys.executable, str(HERE / "peer.py"), kind, str(a.folder), *same]  # noqa: E731
        print(f"{machine()}. {a.steps} steps at {a.size} with guidance, batch {a.batch}, {a.threads} threads, {a.device}\n")
        read(a.folder)
        run([*ours, "--paints", "0", "--prefer", "start"])  # hashes the folder, which happens once for each that is new
        programs = [
            ("diffusers, torch", theirs("torch"), counts[2]), ("darkroom", ours, counts[0]),
            ("darkroom --prefer start", [*ours, "--prefer", "start"], counts[1]), ("diffusers, ONNX Runtime", theirs("onnx"), counts[3]),
        ]
        print("| program | loaded after | first picture after | a warm picture | most memory | of it its own | outside ONNX Runtime |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        base: dict = {}
        for name, command, count in programs:
            if count > 0:
                result = run([*command, "--paints", str(count)])
                base = base or result
                print(row(name, result, base), flush=True)


if __name__ == "__main__":
    main()
