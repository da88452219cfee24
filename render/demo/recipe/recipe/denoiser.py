"""The UNet, trained with the text tower on cached latents."""

import random

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler
from diffusers.models.attention_processor import AttnProcessor

from . import arch, clip, emphasis, latents, train, world

TWO_CHUNKS = 0.05  # the part of batches whose captions are two chunks of 77 tokens
BARE = 0.5  # the part of the other batches in which the UNet sees no padding, so that it looks at words
UNSAID = 0.10  # the part of captions left empty, for guidance
HIGH_NOISE = (0.5, 300)  # this part of the timesteps is drawn from here upwards, where shape is decided
FLOOR = 0.5  # of the min-SNR weight


def timesteps(n: int) -> torch.Tensor:
    """int64 [n] in 0..999."""
    part, low = HIGH_NOISE
    high = low + torch.rand(n) * (1000 - low)
    return torch.where(torch.rand(n) < part, high, torch.rand(n) * 1000).long()


def weights(snr: torch.Tensor) -> torch.Tensor:
    """Min-SNR-5 for v-prediction (Hang et al. 2023), with a floor: min(snr,5)/(snr+1)."""
    return (snr.clamp_max(5) / (snr + 1)).clamp_min(FLOOR)


class Average:
    """An exponential moving average of a module's weights; its memory grows to 1/(1-decay) steps."""

    def __init__(self, module, decay: float):
        self.module, self.decay, self.steps = module, decay, 0
        self.kept = {k: v.detach().clone() for k, v in module.state_dict().items()}

    def update(self) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for k, v in self.module.state_dict().items():
            self.kept[k].lerp_(v.to(self.kept[k].dtype), 1 - decay)


def conditioning(text, ids: torch.Tensor, heavy: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The tower's hidden states [n,77,128] of each caption, and what the UNet is told: the same with its words weighed.

    Of half the batches the UNet sees no padding, and some have an empty chunk before or after: [n,154,128].
    """
    hidden = text(input_ids=ids).last_hidden_state
    told = emphasis.weigh(hidden.float(), heavy)
    if random.random() < TWO_CHUNKS:
        empty = torch.full_like(ids[:1], text.config.eos_token_id)
        empty[0, 0] = text.config.bos_token_id
        silence = text(input_ids=empty).last_hidden_state.float().expand_as(told)
        told = torch.cat([told, silence] if random.random() < 0.7 else [silence, told], 1)
    elif random.random() < BARE:
        told = emphasis.shorten(told, ids, text.config.eos_token_id)
    return hidden, told


def prompts(writer, texts: list[str], said: dict, silent: list[bool], device):
    """Token ids and the weight of each, with rival words in some captions and nothing in the silent ones."""
    words = lambda i: {k: table[int(said[k][i])] for k, table in world.ATTRIBUTES.items() if said[k][i] < len(table)}
    parts = [[("", 1.0)] if quiet else emphasis.contest(text, words(i), random)
             for i, (quiet, text) in enumerate(zip(silent, texts))]
    ids, heavy = emphasis.tokens(writer.tokenizer, parts)
    return ids.to(device), heavy.to(device)


def train_unet(place: train.Place, budget: train.Budget, batch: int, lesson: float, rate: float) -> None:
    """Trains from the latest checkpoint, or from scratch. `lesson` is the part of the budget for the first lesson."""
    torch.manual_seed(50 + place.rank)
    random.seed(50 + place.rank)
    writer = clip.Writer(place, seed=50 + place.rank)
    groups = latents.load(place)
    text, _, agreement = clip.load(place)
    unet = arch.unet(place.pixels).to(place.device)
    samples = resume(place, {"unet": unet, "text": text, "agreement": agreement})
    if not samples:
        emphasis.lift(text, unet, agreement)
    unet.set_attn_processor(AttnProcessor())  # plain attention trains much faster on a CPU than the fused kernel
    text.set_attn_implementation("eager")
    averages = {"unet": Average(unet, 0.9985), "text": Average(text, 0.9985), "agreement": Average(agreement, 0.9985)}
    alphas = DDIMScheduler.from_config(arch.SCHEDULER).alphas_cumprod.to(place.device)
    optimiser = train.Optimiser({unet: rate, text: rate / 3, agreement: rate / 3}, budget, place)
    saved = 0.0
    running = 0.07
    while optimiser.going():
        drawn = latents.draw(groups, batch, optimiser.progress < lesson, random)
        texts, said = writer.captions(drawn["scenes"])
        silent = [random.random() < UNSAID for _ in texts]
        ids, heavy = prompts(writer, texts, said, silent, place.device)
        clean = drawn["latents"].to(place.device)
        noise, t = torch.randn_like(clean), timesteps(batch).to(place.device)
        signal, spread = alphas[t].sqrt().view(-1, 1, 1, 1), (1 - alphas[t]).sqrt().view(-1, 1, 1, 1)
        with train.half_precision(place):
            hidden, heard = conditioning(text, ids, heavy)
            guess = unet(signal * clean + spread * noise, t, heard, return_dict=False)[0].float()
        error = F.mse_loss(guess, signal * noise - spread * clean, reduction="none").mean((1, 2, 3))
        loss = (error * weights(alphas[t] / (1 - alphas[t]))).mean()
        told = torch.tensor([not quiet for quiet in silent], device=place.device)
        kept_true = 0.1 * agree(agreement, hidden, ids, drawn, said, told, text, place)
        optimiser.step(loss + kept_true)
        for average in averages.values():
            average.update()
        samples += batch * place.processes
        running = 0.99 * running + 0.01 * loss.item()
        minutes = optimiser.minutes()
        if place.leads and optimiser.steps % 100 == 0:
            print(f"unet step {optimiser.steps} samples {samples} {minutes:.1f} min loss {running:.4f} "
                  f"clip {kept_true.item():.3f} {optimiser.steps * batch * place.processes / minutes / 60:.0f}/s", flush=True)
        if place.leads and (minutes > saved + 5 or not optimiser.going()):
            saved = minutes
            train.save({"samples": samples, "latest": states(unet=unet, text=text, agreement=agreement),
                        "average": {k: v.kept for k, v in averages.items()}}, place.work / "unet.pt")


def states(**modules) -> dict:
    return {name: module.state_dict() for name, module in modules.items()}


def agree(agreement, hidden, ids, drawn, said, told, text, place):
    """CLIP's loss on the captions that were not left empty."""
    read = clip.sentences(hidden.float(), ids, text.config.eos_token_id)[told]
    said = {k: column.to(place.device)[told] for k, column in said.items()}
    return agreement.contrast(read, drawn["seen"].to(place.device)[told]) + agreement.attributes(read, said)


def resume(place, modules: dict) -> int:
    """Takes up the averaged weights of the last checkpoint, if there is one; returns the samples it has seen."""
    path = place.work / "unet.pt"
    if not path.exists():
        if place.start:  # the text tower began there already, in `clip`
            train.take_up(modules["unet"], train.load(place.start / "unet.pt", place.device)["average"]["unet"])
        return 0
    kept = train.load(path, place.device)
    for name, module in modules.items():
        module.load_state_dict(kept["average"][name])
    return kept["samples"]
