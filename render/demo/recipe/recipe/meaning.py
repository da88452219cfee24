"""Do words matter? Weights, negative prompts, strength and variation strength, judged by the probe.

Weights are judged on prompts with two competing words whose first word shows in 0.1 to 0.9 of the pictures: its
log-odds, averaged over seeds, must rise when its weight does and fall when its weight falls. A negative prompt is
judged where its subject appears without it, from the same noise. Strengths must order the distance to the source.
"""

import random

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler

from . import arch, autoencoder, captions, card, emphasis, generate, painter, probe, train, world

SEEDS = 8
UP, DOWN = 1.4, 0.6
OPEN = (0.1, 0.9)  # probabilities between which a prompt is undecided
STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
VARIATIONS = (0.1, 0.25, 0.5, 0.75, 1.0)
BARS = {"raised": 0.80, "lowered": 0.80, "negative": 0.85}
FRAMES = {  # attribute: prompts with {a} or {b}, {c}olour, {s}ubject, {p}lace
    "subject": ["a {a} or {b}", "a {c} {a} or {b}", "{a} or {b}, {p}", "a {a} or {b} at night"],
    "colour": ["a {a} or {b} {s}", "{a} or {b} {s}, {p}", "a {a} or {b} {s} at sunset"],
    "setting": ["a {c} {s}, {a} or {b}"],
}
ORDER = ("subject", "colour", "subject", "colour", "setting")  # how often each attribute is tried


def undecided(dice: random.Random, i: int) -> dict:
    """The i-th candidate: {"attribute", "word", "rival", "parts": a caption cut at its two words}."""
    attribute = ORDER[i % len(ORDER)]
    table = [word for word in world.ATTRIBUTES[attribute] if word and word != world.HIDDEN]
    word, rival = dice.sample(table, 2)
    around = {"c": list(world.COLOURS), "s": list(world.SUBJECTS)[: world.KNOWN_SUBJECTS], "p": list(world.SETTINGS)}
    frame = dice.choice(FRAMES[attribute])
    filled = frame.format(a="\n", b="\n", **{key: dice.choice(words) for key, words in around.items()})
    before, between, after = filled.split("\n")
    return {"attribute": attribute, "word": word, "rival": rival,
            "parts": [(before, 1.0), (word, 1.0), (between, 1.0), (rival, 1.0), (after, 1.0)]}


def reweighed(candidate: dict, heavy: float) -> emphasis.Parts:
    """The candidate's caption with this weight on its first word."""
    parts = list(candidate["parts"])
    parts[1] = (candidate["word"], heavy)
    return parts


class Easel:
    """Draws from weighted captions, a fixed set of seeds each, and has the probe read the pictures."""

    def __init__(self, place: train.Place, model, steps: int, guidance: float):
        self.model, self.reader, self.steps, self.guidance = model, probe.load(place), steps, guidance
        self.width, self.height = arch.buckets(place.pixels)[0]

    def states(self, parts: list[emphasis.Parts]) -> torch.Tensor:
        """Weighted hidden states [n,77,d]."""
        ids, weights = emphasis.tokens(self.model.tokenizer, parts)
        return emphasis.weigh(self.model.words(ids), weights.to(self.model.device))

    def noise(self, seed: int) -> torch.Tensor:
        shape = (1, arch.LATENT_CHANNELS, self.height // arch.LATENT_SCALE, self.width // arch.LATENT_SCALE)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(self.model.device)

    @torch.no_grad()
    def paint(self, told: torch.Tensor, free: torch.Tensor, noise: torch.Tensor, start=None, strength=1.0) -> torch.Tensor:
        """Latents [n,4,h,w] from noise, or from `start` (latents) by a strength; `free` is what guidance leads away from."""
        solver = generate.scheduler("dpmpp_2m")
        solver.set_timesteps(self.steps)
        first = self.steps - max(1, round(self.steps * strength)) if start is not None else 0
        solver.set_begin_index(first)
        times = solver.timesteps[first:]
        x = noise * solver.init_noise_sigma if start is None else solver.add_noise(start, noise, times[:1])
        for t in times:
            pair = solver.scale_model_input(torch.cat([x, x]), t)
            away, towards = self.model.velocity(pair, t, torch.cat([free, told])).chunk(2)
            x = solver.step(away + self.guidance * (towards - away), t, x).prev_sample
        return x

    def pictures(self, latents: torch.Tensor) -> torch.Tensor:
        return self.model.decode(latents).clamp(-1, 1)

    def seeds(self, parts: list[emphasis.Parts], negative: list[str] | None = None, first: int = 0) -> torch.Tensor:
        """Pictures [n·SEEDS,3,H,W]: each caption from the same SEEDS noises."""
        free = self.states([[(text, 1.0)] for text in negative or [""] * len(parts)])
        noise = torch.cat([self.noise(first + k) for k in range(SEEDS)]).repeat(len(parts), 1, 1, 1)
        told, free = (states.repeat_interleave(SEEDS, 0) for states in (self.states(parts), free))
        return self.pictures(self.paint(told, free, noise))

    @torch.no_grad()
    def odds(self, candidates: list[dict], heavy: float) -> list[tuple[float, float]]:
        """For each candidate its word's mean probability and mean log-odds over the seeds."""
        read = self.reader(probe.squared(self.seeds([reweighed(c, heavy) for c in candidates])))
        found = []
        for i, candidate in enumerate(candidates):
            table = world.ATTRIBUTES[candidate["attribute"]]
            rows = read[candidate["attribute"]][i * SEEDS : (i + 1) * SEEDS].double()
            likely = rows.log_softmax(1)[:, table.index(candidate["word"])]
            odds = likely - torch.log1p(-likely.exp().clamp_max(1 - 1e-12))
            found.append((likely.exp().mean().item(), odds.mean().item()))
        return found


def weights(easel: Easel, count: int, seed: int = 1, batch: int = 4) -> dict:
    """Judges `count` undecided prompts; gives up after twelve times as many candidates."""
    dice, judged, tried = random.Random(seed), [], 0
    while len(judged) < count and tried < 12 * count:
        candidates = [undecided(dice, tried + i) for i in range(batch)]
        tried += batch
        plain = easel.odds(candidates, 1.0)
        still = [(c, p) for c, p in zip(candidates, plain) if OPEN[0] < p[0] < OPEN[1]][: count - len(judged)]
        if not still:
            continue
        open_ones = [c for c, _ in still]
        for (c, p), up, down in zip(still, easel.odds(open_ones, UP), easel.odds(open_ones, DOWN)):
            judged.append({"attribute": c["attribute"], "raised": up[1] > p[1], "lowered": down[1] < p[1],
                           "more": up[0] - p[0], "less": p[0] - down[0]})
        print(f"weights: {len(judged)} of {tried} prompts undecided, raised {sum(j['raised'] for j in judged)}, "
              f"lowered {sum(j['lowered'] for j in judged)}", flush=True)
    return {"tried": tried, "prompts": len(judged), **tally(judged),
            "by_attribute": {name: tally([j for j in judged if j["attribute"] == name]) for name in FRAMES}}


def tally(judged: list[dict]) -> dict:
    """How many rose and fell, and by how much the word's probability changed in the mean."""
    mean = lambda key: round(sum(j[key] for j in judged) / max(1, len(judged)), 3)
    return {"of": len(judged), "raised": sum(j["raised"] for j in judged), "lowered": sum(j["lowered"] for j in judged),
            "mean_rise": mean("more"), "mean_fall": mean("less")}


@torch.no_grad()
def negatives(easel: Easel, count: int, seed: int = 2, batch: int = 4) -> dict:
    """Draws prompts that leave the subject open, then again without the subject that appeared."""
    dice = random.Random(seed)
    names, there, removed = list(world.SUBJECTS), 0, 0
    for at in range(0, count, batch):
        parts = [[(open_prompt(dice, at + i), 1.0)] for i in range(min(batch, count - at))]
        shown = easel.reader(probe.squared(easel.seeds(parts, first=500)))["subject"].argmax(1)
        told = easel.states(parts).repeat_interleave(SEEDS, 0)
        noise = torch.cat([easel.noise(500 + k) for k in range(SEEDS)]).repeat(len(parts), 1, 1, 1)
        against = easel.states([[(names[int(i)], 1.0)] for i in shown])
        named = shown != names.index(world.HIDDEN)  # it has no word
        left = easel.reader(probe.squared(easel.pictures(easel.paint(told, against, noise))))["subject"].argmax(1)
        there, removed = there + int(named.sum()), removed + int((named & (left != shown)).sum())
    return {"there": there, "removed": removed}


def open_prompt(dice: random.Random, i: int) -> str:
    """A prompt that leaves the subject open: every second one names two, the others none."""
    if i % 2 == 0:
        return "".join(text for text, _ in undecided(dice, 0)["parts"])
    setting, light = dice.choice(list(world.SETTINGS)), dice.choice(list(world.LIGHTS))
    return f"{dice.choice(world.SETTINGS[setting])} {dice.choice(world.LIGHTS[light])}"


@torch.no_grad()
def strengths(place: train.Place, easel: Easel, count: int, seed: int = 3) -> dict:
    """Mean distance, in levels of 255, to the start picture by strength, and to the first picture by variation strength."""
    scenes, dice = world.scenes(count, seed), random.Random(seed)
    texts = [captions.write(captions.mention(world.names(scenes, i), dice), dice) for i in range(count)]
    vae = autoencoder.load(place)
    painted = painter.paint(scenes, easel.width, easel.height, seed, place.device, place.zoom) * 2 - 1
    start = vae.encode(painted).latent_dist.mean * vae.config.scaling_factor
    told = easel.states([[(text, 1.0)] for text in texts])
    free = easel.states([[("", 1.0)]] * count)
    noise = torch.cat([easel.noise(900 + i) for i in range(count)])
    other = torch.cat([easel.noise(990_000 + i) for i in range(count)])
    plain = easel.pictures(easel.paint(told, free, noise))
    distance = lambda pictures, source: round(((pictures - source).abs().mean() * 127.5).item(), 2)
    by = {f"{s}": distance(easel.pictures(easel.paint(told, free, noise, start, s)), painted) for s in STRENGTHS}
    varied = {f"{v}": distance(easel.pictures(easel.paint(told, free, slerp(v, noise, other))), plain) for v in VARIATIONS}
    ordered = lambda distances: list(distances.values()) == sorted(distances.values())
    return {"pictures": count, "by_strength": by, "strength_orders": ordered(by),
            "by_variation": varied, "variation_orders": ordered(varied)}


def slerp(part: float, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Between two noises [n,4,h,w] along the sphere: 0 is the first, 1 the second."""
    a, b = low.flatten(1), high.flatten(1)
    cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    angle = cosine.clamp(-1, 1).acos().view(-1, 1, 1, 1)
    return (torch.sin((1 - part) * angle) * low + torch.sin(part * angle) * high) / torch.sin(angle)


@torch.no_grad()
def heed(place: train.Place, model, count: int, batch: int = 32) -> dict:
    """How much the UNet minds weights, quickly: its mean squared error on cached latents at high noise, with the weights
    1.4 and 0.6 on two rivals right, both 1, and swapped. Where weights do nothing all three are alike."""
    group = train.load(place.work / "latents-0.pt")[0]
    alphas = DDIMScheduler.from_config(arch.SCHEDULER).alphas_cumprod.to(place.device)
    ways, dice, found = {"right": (UP, DOWN), "plain": (1.0, 1.0), "swapped": (DOWN, UP)}, random.Random(9), {}
    for attribute in ("subject", "colour", "setting"):
        torch.manual_seed(9)
        errors = dict.fromkeys(ways, 0.0)
        for _ in range(0, count, batch):
            rows = torch.randint(len(group["latents"]), (batch,))
            clean = group["latents"][rows].float().to(place.device)
            noise, t = torch.randn_like(clean), torch.randint(500, 1000, (batch,), device=clean.device)
            signal, spread = alphas[t].sqrt().view(-1, 1, 1, 1), (1 - alphas[t]).sqrt().view(-1, 1, 1, 1)
            scene = {k: values[rows] for k, values in group["scenes"].items()}
            texts = [contested(world.names(scene, i), attribute, dice) for i in range(batch)]
            for way, (own, other) in ways.items():
                parts = [[(t, {"own": own, "other": other}.get(role, 1.0)) for t, role in text] for text in texts]
                ids, heavy = emphasis.tokens(model.tokenizer, parts)
                words = emphasis.weigh(model.words(ids), heavy.to(clean.device))
                guess = model.velocity(signal * clean + spread * noise, t, words)
                errors[way] += F.mse_loss(guess, signal * noise - spread * clean).item() * batch / count
        found[attribute] = {way: round(error, 4) for way, error in errors.items()}
    return found


def contested(scene: dict, attribute: str, dice: random.Random) -> list[tuple[str, str]]:
    """A caption of the scene, cut into (text, role), in which a rival stands beside the attribute's own word."""
    other = dice.choice([w for w in world.ATTRIBUTES[attribute] if w not in ("", scene[attribute], world.HIDDEN)])
    pair = [(scene[attribute], "own"), (other, "other")]
    dice.shuffle(pair)
    said = {**scene, attribute: "\n"}
    before, after = f"a {said['colour']} {said['subject']}, {said['setting']}".split("\n")
    return [(before, ""), pair[0], (" or ", ""), pair[1], (after, "")]


def judge(place: train.Place, model, count: int, steps: int = 6) -> dict:
    """`count` prompts for weights in few steps, since they take thousands of pictures; fewer for the rest, in the card's
    own setting."""
    quick, usual = (Easel(place, model, n, card.GUIDANCE) for n in (steps, card.STEPS))
    return {"steps": steps, "guidance": card.GUIDANCE, "seeds": SEEDS, "weights": weights(quick, count),
            "usual_steps": card.STEPS, "negative": negatives(usual, max(2, count // 6)),
            **strengths(place, usual, max(2, min(48, count // 2)))}
