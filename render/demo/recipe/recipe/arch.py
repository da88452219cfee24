"""The shapes of the model: Stable Diffusion's architecture, small.

Everything is an ordinary diffusers or transformers class, so parameter names, file layout and exports are the
ecosystem's own. Sizes are in pixels unless they say latents; a latent is 8 x 8 pixels.
"""

from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

LATENT_CHANNELS = 4
LATENT_SCALE = 8  # pixels on a side of one latent
TEXT_WIDTH = 128
TEXT_LENGTH = 77

# (width, height) in points (see manners.py): about 128 x 128 of area each, sides multiples of 16 so that the UNet's
# halvings of the latents come out even.
SHAPES = [(128, 128), (160, 112), (112, 160), (176, 96), (96, 176)]


def buckets(pixels: int = 128) -> list[tuple[int, int]]:
    """The picture sizes of a model whose square pictures have so many pixels on a side."""
    return [(w * pixels // 128, h * pixels // 128) for w, h in SHAPES]


def text_encoder(vocabulary: int, end: int) -> CLIPTextModel:
    """CLIP's causal text tower: ids [B,77] -> last_hidden_state [B,77,128], pooler_output [B,128]."""
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=TEXT_LENGTH,
        hidden_act="quick_gelu",
        bos_token_id=end - 1,
        eos_token_id=end,
        pad_token_id=end,
    )
    return CLIPTextModel(config)


def vae() -> AutoencoderKL:
    """Pixels [B,3,H,W] in -1..1 <-> latents [B,4,H/8,W/8].

    No attention in the middle: convolutions alone read pictures of any size alike, though trained on crops.
    """
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 96),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=2,
        sample_size=128,
        mid_block_add_attention=False,
    )


def unet(pixels: int = 128) -> UNet2DConditionModel:
    """sample [B,4,h,w], timestep, encoder_hidden_states [B,77k,128] -> velocity [B,4,h,w].

    The top level has no attention: it would cost as much as all the rest. 256 pixels get a level more.
    """
    levels = 1 if pixels == 128 else 2
    return UNet2DConditionModel(
        sample_size=pixels // LATENT_SCALE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * levels),
        up_block_types=(*("CrossAttnUpBlock2D",) * levels, "UpBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        block_out_channels=(64, 128) if pixels == 128 else (32, 96, 160),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=2,  # diffusers' historical misnomer: the number of heads
        norm_num_groups=16,
    )


SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
}
