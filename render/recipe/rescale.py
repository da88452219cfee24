"""Records diffusers' rescale_noise_cfg for the tests of package render.

    python render/recipe/rescale.py > render/testdata/rescale.json

Recorded with torch 2.15.0 and diffusers 0.42.1.
"""

import json

import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

if __name__ == "__main__":
    draw = torch.Generator().manual_seed(5)
    positive = torch.randn((2, 4, 3, 3), generator=draw)
    guided = positive * 2.5 + torch.randn((2, 4, 3, 3), generator=draw) * 3 + 0.4
    cases = [{"share": share, "out": rescale_noise_cfg(guided, positive, share).flatten().tolist()} for share in (0.3, 0.7, 1.0)]
    print(json.dumps({"positive": positive.flatten().tolist(), "guided": guided.flatten().tolist(), "cases": cases}))
