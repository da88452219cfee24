"""The VAE: trained on crops for sharp edges, judged by the probe after a round trip."""

import torch
import torch.nn.functional as F

from . import arch, data, probe as judge, train

CROP = 64  # pixels


def crops(pictures: torch.Tensor, n: int) -> torch.Tensor:
    """n random crops [n,3,CROP,CROP] of byte pictures, half of them mirrored."""
    rows = torch.randint(len(pictures), (n,)).tolist()
    tops, lefts = torch.randint(128 - CROP + 1, (2, n)).tolist()
    cut = [pictures[r, :, t : t + CROP, l : l + CROP] for r, t, l in zip(rows, tops, lefts)]
    return torch.stack([c.flip(2) if i % 2 else c for i, c in enumerate(cut)])


def slopes(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def likeness(rebuilt, pictures, probe):
    """L1, plus L1 of the gradients (edges), plus L1 of the probe's first three feature maps (perception)."""
    edges = sum(F.l1_loss(a, b) for a, b in zip(slopes(rebuilt), slopes(pictures)))
    seen, wanted = probe.features(rebuilt)[:3], probe.features(pictures)[:3]
    perceived = sum(F.l1_loss(a, b) / b.abs().mean() for a, b in zip(seen, wanted))
    return F.l1_loss(rebuilt, pictures) + edges + 0.1 * perceived


def fit(place: train.Place, budget: train.Budget, batch: int = 8, encoder: bool = True) -> None:
    """Trains the VAE, or (encoder=False) only its decoder, which leaves all latents as they are."""
    torch.manual_seed(30 + place.rank)
    pictures = data.load(place, "pictures")["pictures"]
    probe = judge.load(place)
    vae = arch.vae().to(place.device)
    kept = place.work / "vae.pt"
    if kept.exists():
        vae.load_state_dict(train.load(kept, place.device)["weights"])
    vae.encoder.requires_grad_(encoder)
    vae.quant_conv.requires_grad_(encoder)
    vae = vae.to(memory_format=torch.channels_last)
    optimiser = train.Optimiser({vae: 1.5e-3}, budget, place)
    saved = 0.0
    while optimiser.going():
        x = data.unit(crops(pictures, batch), place.device).contiguous(memory_format=torch.channels_last)
        with train.half_precision(place):
            code = vae.encode(x).latent_dist
            rebuilt = vae.decode(code.sample()).sample
        loss = likeness(rebuilt.float(), x, probe) + 1e-6 * code.kl().float().mean()
        optimiser.step(loss)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"vae step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.4f} "
                  f"l1 {F.l1_loss(rebuilt.float(), x).item():.4f}", flush=True)
        if place.leads and (optimiser.minutes() > saved + 3 or not optimiser.going()):
            saved = optimiser.minutes()
            keep(place, vae, pictures)


@torch.no_grad()
def keep(place, vae, pictures) -> None:
    """Saves the weights with the scaling factor: one over the deviation of the latents of 64 pictures."""
    latents = vae.encode(data.unit(pictures[:64], place.device)).latent_dist.mean
    weights = {name: value.contiguous() for name, value in vae.state_dict().items()}
    train.save({"weights": weights, "scaling_factor": 1 / latents.std().item()}, place.work / "vae.pt")


def load(place: train.Place):
    kept = train.load(place.work / "vae.pt", place.device)
    vae = arch.vae().to(place.device)
    vae.load_state_dict(kept["weights"])
    vae.register_to_config(scaling_factor=kept["scaling_factor"])
    return vae.eval().requires_grad_(False)


@torch.no_grad()
def round_trip(vae, pictures: torch.Tensor, batch: int = 50) -> torch.Tensor:
    """Pictures in -1..1 through the mean latent and back, clamped."""
    parts = [vae.decode(vae.encode(p).latent_dist.mean).sample.clamp(-1, 1) for p in pictures.split(batch)]
    return torch.cat(parts)
