"""Records what diffusers' AutoencoderKL makes of a map in tiles (enable_tiling), around a decoder and an encoder of one
line each that give every tile a shade of its own, for the tests of package render.

    python render/recipe/tiles.py > render/testdata/tiles.json

Recorded with torch 2.15.0 and diffusers 0.42.1.
"""

import json

import diffusers
import torch

TILE = 64  # pixels


def values(*shape):
    return torch.sin(torch.arange(torch.Size(shape).numel(), dtype=torch.float32) * 0.7).reshape(shape)


def decoder(latents):
    return latents[:, :3].repeat_interleave(8, 2).repeat_interleave(8, 3) + latents.mean()


def encoder(pixels):
    small = pixels[:, :, ::8, ::8]
    return torch.cat([small, small[:, :1]], dim=1) + pixels.mean()


def every(x, n):
    return [float(f"{v:.6g}") for v in x[0, 1, ::n, ::n].flatten().tolist()]


if __name__ == "__main__":
    vae = diffusers.AutoencoderKL(block_out_channels=(32,) * 4, down_block_types=("DownEncoderBlock2D",) * 4,
                                  up_block_types=("UpDecoderBlock2D",) * 4, use_quant_conv=False, use_post_quant_conv=False)
    vae.tile_sample_min_size, vae.tile_latent_min_size = TILE, TILE // 8
    del vae.decoder, vae.encoder
    vae.decoder, vae.encoder = decoder, encoder
    decoded = vae.tiled_decode(values(1, 4, 13, 19), return_dict=False)[0]
    encoded = vae._tiled_encode(values(1, 3, 13 * 8, 19 * 8))
    print(json.dumps(dict(tile=TILE, decoded=every(decoded, 5), encoded=every(encoded, 1))))
