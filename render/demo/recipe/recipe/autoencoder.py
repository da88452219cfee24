"""The VAE: trained on crops for sharp edges, with Mini-CLIP's picture tower as its eye, judged by the probe."""

import torch
import torch.nn.functional as F

from . import arch, clip, data, train

CROP = 64  # pixels


def crops(pictures: torch.Tensor, n: int) -> torch.Tensor:
    """n random crops [n,3,CROP,CROP] of byte pictures, half of them mirrored."""
    side = pictures.shape[-1]
    rows = torch.randint(len(pictures), (n,)).tolist()
    tops, lefts = (torch.rand(2, 2, n).mean(0) * (side - CROP + 1)).int().tolist()  # more often near the middle
    cut = [pictures[r, :, t : t + CROP, l : l + CROP] for r, t, l in zip(rows, tops, lefts)]
    return torch.stack([c.flip(2) if i % 2 else c for i, c in enumerate(cut)])


def slopes(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def likeness(rebuilt, pictures, eye):
    """L1, plus L1 of the gradients (edges), plus L1 of the picture tower's first three feature maps (perception).

    Not of the probe's: what judges should not be what taught.
    """
    edges = sum(F.l1_loss(a, b) for a, b in zip(slopes(rebuilt), slopes(pictures)))
    seen, wanted = eye.features(rebuilt)[:3], eye.features(pictures)[:3]
    perceived = sum(F.l1_loss(a, b) / b.abs().mean() for a, b in zip(seen, wanted))
    return F.l1_loss(rebuilt, pictures) + edges + 0.1 * perceived


CARRIED = 8  # channels that carry the picture at first: +rgb, -rgb, +1, -1


@torch.no_grad()
def see_through(vae, pictures: torch.Tensor) -> None:
    """Starts the VAE as a plain 8-fold reduction and enlargement, where a random start would take hours to get.

    Residual branches begin at zero. +rgb and -rgb are carried side by side, since silu(x) - silu(-x) = x takes them
    unharmed through the last activation; the constants beside them keep the last normalisation from undoing the
    contrast. So the first three latents begin as mean colours and the fourth is free for what is finer.
    """
    carried, rgb = range(CARRIED), range(3)
    box = torch.tensor([[0.25, 0.25, 0], [0.25, 0.25, 0], [0, 0, 0]])
    tent = torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))
    point = torch.zeros(3, 3)
    point[1, 1] = 1
    for name, layer in vae.named_modules():
        if name.endswith("conv2"):
            layer.weight.zero_()
            layer.bias.zero_()
        elif name.endswith("conv_shortcut"):
            carry(layer, [(i, i, 1.0) for i in carried], torch.ones(1, 1))
        elif name.endswith("downsamplers.0.conv"):
            carry(layer, [(i, i, 1.0) for i in carried], box)
        elif name.endswith("upsamplers.0.conv"):
            carry(layer, [(i, i, 1.0) for i in carried], tent)
        elif name.endswith("conv_in"):
            carry(layer, [(i, i, 1.0) for i in rgb] + [(i + 3, i, -1.0) for i in rgb], point)
            carry(layer, [(6, 0, 0.0), (7, 0, 0.0)], point)
            layer.bias[6], layer.bias[7] = 1.0, -1.0
        elif name.endswith("conv_out"):
            carry(layer, [(i, i, 1.0) for i in rgb] + [(i, i + 3, -1.0) for i in rgb], point)
    for layer in (vae.quant_conv, vae.post_quant_conv):
        carry(layer, [(i, i, 1.0) for i in range(layer.out_channels)], torch.ones(1, 1))
    vae.quant_conv.bias[arch.LATENT_CHANNELS :] = -6  # almost noiseless: noise would drown the first signal
    rebuilt = vae.decode(vae.encode(pictures).latent_dist.mean).sample
    vae.decoder.conv_out.weight *= (rebuilt * pictures).sum() / rebuilt.square().sum()


def carry(layer, taps: list[tuple[int, int, float]], kernel: torch.Tensor) -> None:
    """Makes each named output channel of a convolution the sum of the named inputs times the factor and kernel."""
    for out in {tap[0] for tap in taps}:
        layer.weight[out] = 0
        layer.bias[out] = 0
    for out, source, factor in taps:
        layer.weight[out, source] = factor * kernel


def unsure(latents: torch.Tensor) -> torch.Tensor:
    """Latents with up to a tenth of noise, a UNet's inaccuracy: a decoder that has seen it still paints clean edges."""
    return latents + 0.1 * torch.rand(len(latents), 1, 1, 1, device=latents.device) * torch.randn_like(latents)


def fit(place: train.Place, budget: train.Budget, batch: int = 4, encoder: bool = True) -> None:
    """Trains the VAE, or (encoder=False) only its decoder, which leaves all latents as they are."""
    torch.manual_seed(30 + place.rank)
    pictures = data.load(place, "pictures")["pictures"]
    eye = clip.load(place)[1].eval().requires_grad_(False)
    vae = arch.vae().to(place.device)
    see_through(vae, data.unit(pictures[:16], place.device))
    for kept in (place.work, place.start):
        if kept and (kept / "vae.pt").exists():
            vae.load_state_dict(train.load(kept / "vae.pt", place.device)["weights"])
            break
    vae.encoder.requires_grad_(encoder)
    vae.quant_conv.requires_grad_(encoder)
    optimiser = train.Optimiser({vae: 2e-3 if encoder else 1e-3}, budget, place)
    saved = 0.0
    while optimiser.going():
        x = data.unit(crops(pictures, batch), place.device)
        with train.half_precision(place):
            code = vae.encode(x).latent_dist
            latents = code.sample() if encoder else unsure(code.mean)
            rebuilt = vae.decode(latents).sample
        loss = likeness(rebuilt.float(), x, eye) + 1e-6 * code.kl().float().mean()
        optimiser.step(loss)
        if place.leads and optimiser.steps % 100 == 0:
            print(f"vae step {optimiser.steps} {optimiser.minutes():.1f} min loss {loss.item():.4f} "
                  f"l1 {F.l1_loss(rebuilt.float(), x).item():.4f}", flush=True)
        if place.leads and (optimiser.minutes() > saved + 3 or not optimiser.going()):
            saved = optimiser.minutes()
            keep(place, vae, pictures, encoder)


@torch.no_grad()
def keep(place, vae, pictures, encoder: bool) -> None:
    """Saves the weights with the scaling factor: one over the deviation of the latents of 64 pictures.

    Where only the decoder trains the factor stays, since cached latents and the UNet go by it.
    """
    path = place.work / "vae.pt"
    if encoder or not path.exists():
        factor = 1 / vae.encode(data.unit(pictures[:64], place.device)).latent_dist.mean.std().item()
    else:
        factor = train.load(path)["scaling_factor"]
    train.save({"weights": vae.state_dict(), "scaling_factor": factor}, path)


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
