"""Golden values for the Go side: what transformers, torch and diffusers answer, as small JSON files.

    python -m recipe.golden OUTPUT_DIR TOKENIZER_DIR
"""

import json
import struct
import sys
from pathlib import Path

import diffusers
import torch
import transformers

from . import captions, world

ODD = """
a|an|the|A RED BOAT|Red Boat.|a red   boat|  leading and trailing  |tabs	and
newlines|boat,boat,boat|boat, boat ,boat|red-boat|red_boat|(red:1.3) boat|[blue] ((sea))|a red boat!!!|what?!?|it's a boat|
the cat's moon|they're here|we've seen it|I'll go|I'd go|I'm here|don't|DON'T|o'clock|'quoted'|"quoted"|rock'n'roll|
1|12|123|4096x2160|3.14|1,000|50%|#1|$5|a1b2c3|2nd|boats2|½ ²|café|naïve|über straße|ÀÉÎÕÜ|crème brûlée|Ångström|
日本の海|海|москва|ελλάδα|שלום|مرحبا|हिन्दी|한국어|ไทย|🚀|🚀🌙⭐|a 🚀 in space|👩‍🚀|👍🏽|❤️|☀|…|—|–|«boat»|“boat”|‘boat’|¿qué?|
€20|£5|¥100|©®™|→ ⇒|∞ ≠ ≤|a/b|a\\b|a+b=c|x^2|~tilde~|`code`|<b>bold</b>|<lora:x:1>|&amp; &lt;|{a|b}|@user|user@example.com|
https://example.com/a?b=c|e.g. this|U.S.A.|Mr. Boat|ok...|...|.|,|!|'|''|'s|s'|-|--|()|:|;|*|_|boat's boats' boats|
supercalifragilisticexpialidocious|pneumonoultramicroscopicsilicovolcanoconiosis|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|
zzzzzzzz|Xyzzy|qwertyuiop|boatboatboat|redboat|sunsetsea|lighthouse keeper|umbrellas umbrella|<|startoftext|>|<|endoftext|>|
""".replace("\n", "").split("|")


def odd_strings() -> list[str]:
    """Strings that tokenizers get wrong (the special tokens contain the separator, so they are added here)."""
    extra = ["<|startoftext|>", "<|endoftext|>", "boat<|endoftext|>sea", "e\u0301 combining", "\u00a0nbsp\u00a0boat",
             "zero\u200bwidth", "line\nbreak", "tab\tboat", "null\u0001control", "ﬁ ligature", "ＦＵＬＬ width", "ǅ İ ß ſ",
             "red boat, " * 40]
    return list(dict.fromkeys([s for s in ODD if s] + extra))


def tokens(folder: Path) -> dict:
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder)
    strings = ["", *odd_strings()]
    strings += [row["caption"] for row in captions.held_out(200 - len(strings), seed=9)]
    plain = tokenizer(strings)["input_ids"]
    framed = tokenizer(strings[:3] + strings[-3:], padding="max_length", truncation=True, max_length=77)["input_ids"]
    return {
        "source": f"transformers {transformers.__version__} {type(tokenizer).__name__}",
        "vocabulary": len(tokenizer), "start": tokenizer.bos_token_id, "end": tokenizer.eos_token_id,
        "cases": [{"text": s, "ids": ids} for s, ids in zip(strings, plain)],
        "padded": [{"text": s, "ids": ids} for s, ids in zip(strings[:3] + strings[-3:], framed)],
    }


def bits(values: torch.Tensor) -> list[str]:
    """Float32 values as eight hexadecimal digits of their IEEE bits, most significant first."""
    return [struct.pack(">f", v).hex() for v in values.flatten().tolist()]


def noise() -> dict:
    cases = []
    for seed in (0, 7, 42, 4294967295, 12345678901):
        for n in (5, 15, 16, 17, 1024):
            values = torch.randn((n,), generator=torch.Generator().manual_seed(seed))
            cases.append({
                "seed": seed, "n": n, "first": values[:8].tolist(), "last": values[-8:].tolist(),
                "first_bits": bits(values[:8]), "last_bits": bits(values[-8:]),
                "sum": values.double().sum().item(),
            })
    # Draws of one generator, one after the other: the odd sizes leave a cached half behind.
    generator = torch.Generator().manual_seed(42)
    drawn = [torch.randn((n,), generator=generator) for n in (5, 5, 16, 3, 64, 17, 1)]
    sequence = [{"n": len(v), "first_bits": bits(v[:8]), "last_bits": bits(v[-8:])} for v in drawn]
    shaped = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    return {
        "source": f"torch {torch.__version__} CPU generator: torch.randn((n,), generator=torch.Generator().manual_seed(seed))",
        "cases": cases, "sequence": {"seed": 42, "draws": sequence}, "latents_1x4x8x8_seed_0_bits": bits(shaped),
    }


BASE = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
SAMPLERS = {  # name: (class, settings beyond BASE)
    "ddim": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading")),
    "ddim_trailing": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False, timestep_spacing="trailing")),
    "euler": (diffusers.EulerDiscreteScheduler, dict(timestep_spacing="linspace")),
    "euler_leading": (diffusers.EulerDiscreteScheduler, dict(timestep_spacing="leading", steps_offset=1)),
    "euler_trailing": (diffusers.EulerDiscreteScheduler, dict(timestep_spacing="trailing")),
    "euler_karras": (diffusers.EulerDiscreteScheduler, dict(timestep_spacing="linspace", use_karras_sigmas=True)),
    "euler_a": (diffusers.EulerAncestralDiscreteScheduler, dict(timestep_spacing="linspace")),
    "euler_a_leading": (diffusers.EulerAncestralDiscreteScheduler, dict(timestep_spacing="leading", steps_offset=1)),
    "dpmpp_2m": (diffusers.DPMSolverMultistepScheduler, dict(
        algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", lower_order_final=True,
        use_karras_sigmas=False, timestep_spacing="linspace")),
    "dpmpp_2m_karras": (diffusers.DPMSolverMultistepScheduler, dict(
        algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", lower_order_final=True,
        use_karras_sigmas=True, timestep_spacing="linspace")),
    "dpmpp_2m_leading": (diffusers.DPMSolverMultistepScheduler, dict(
        algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", lower_order_final=True,
        use_karras_sigmas=False, timestep_spacing="leading", steps_offset=1)),
}


def denoiser(x: torch.Tensor, t) -> torch.Tensor:
    """The stand-in for a UNet: bounded, smooth, and different at every timestep."""
    return 0.5 * torch.sin(x) + 0.001 * float(t)


def sample(name: str, prediction: str, steps: int) -> dict:
    kind, settings = SAMPLERS[name]
    scheduler = kind(**BASE, **settings, prediction_type=prediction)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((1, 4, 8, 8), generator=generator) * scheduler.init_noise_sigma
    takes_noise = "euler_a" in name
    for t in scheduler.timesteps:
        out = denoiser(scheduler.scale_model_input(x, t), t)
        x = scheduler.step(out, t, x, **({"generator": generator} if takes_noise else {})).prev_sample
    result = {
        "sampler": name, "prediction_type": prediction, "steps": steps,
        "timesteps": [float(t) for t in scheduler.timesteps], "init_noise_sigma": float(scheduler.init_noise_sigma),
        "latents": [round(v, 6) for v in x.flatten().tolist()[:32]], "mean": x.double().mean().item(),
        "deviation": x.double().std(correction=0).item(), "last": [round(v, 6) for v in x.flatten().tolist()[-8:]],
    }
    if hasattr(scheduler, "sigmas"):
        result["sigmas"] = [float(s) for s in scheduler.sigmas]
    return result


def samplers() -> dict:
    cases = [sample(name, prediction, steps)
             for name in SAMPLERS for prediction in ("epsilon", "v_prediction") for steps in (4, 10, 20)]
    configs = {name: {"class": kind.__name__, **BASE, **settings} for name, (kind, settings) in SAMPLERS.items()}
    return {
        "source": f"diffusers {diffusers.__version__}, torch {torch.__version__}, float32 on a CPU",
        "denoiser": "model_output = 0.5*sin(s) + 0.001*t, with s = scale_model_input(x, t) and t the timestep as a float",
        "start": "x = randn((1,4,8,8), generator seeded with 0) * init_noise_sigma; euler_a draws on from that generator",
        "latents": "the first 32 of 256 values in row-major order, then the last 8, with mean and population deviation of all",
        "configs": configs, "cases": cases,
    }


def main() -> None:
    out, tokenizer = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name, value in {"tokenizer": tokens(tokenizer), "noise": noise(), "samplers": samplers()}.items():
        text = json.dumps(value, ensure_ascii=name != "tokenizer", separators=(",", ":"))
        (out / f"{name}.json").write_text(text.replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
