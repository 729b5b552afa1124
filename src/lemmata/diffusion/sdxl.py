"""PCG against guided DDIM and DDPM on a Stable Diffusion XL checkpoint (extra `sdxl`: diffusers).

The folder is one that diffusers saved; nothing is downloaded, and only safetensors are read. The
network becomes a guided score of its latents in the VE view, so the samplers are those of all else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from lemmata.diffusion.compared import samplers
from lemmata.diffusion.guidance import guided
from lemmata.diffusion.prediction import Prediction, noise_of
from lemmata.diffusion.samplers import gaussian
from lemmata.errors import LemmataError
from lemmata.training.batches import torch_generator
from lemmata.training.device import Compute, Device, Precision, select

KIND = "StableDiffusionXLPipeline"
PREDICTIONS: dict[str, Prediction] = {"epsilon": "eps", "v_prediction": "v", "sample": "x0"}


@dataclass(frozen=True)
class Sampling:
    """What is sampled: each prompt `each` times, at one guidance weight (gamma, 1 is unguided).

    size: side of the images (pixels); corrections: the K of PCG(g, K).
    """

    prompts: tuple[str, ...]
    guidance_weight: float
    corrections: tuple[int, ...]
    steps: int
    each: int
    size: int
    seed: int
    device: Device
    precision: Precision


class Conditions(NamedTuple):
    """What the network is told of a prompt: token states (B, T, C), pooled (B, P), sizes (B, 6)."""

    tokens: Tensor
    pooled: Tensor
    sizes: Tensor


class LatentGuidance:
    """The network of a checkpoint as the guided score of latents (B, C, H, W), VE view."""

    def __init__(self, pipeline: Any, known: Conditions, unknown: Conditions) -> None:
        self.unet, self.known, self.unknown = pipeline.unet, known, unknown
        scheduler = pipeline.scheduler.config
        if scheduler.prediction_type not in PREDICTIONS:
            found, allowed = scheduler.prediction_type, ", ".join(PREDICTIONS)
            raise LemmataError(f"scheduler: prediction_type = {found!r}; known: {allowed}")
        self.prediction = PREDICTIONS[scheduler.prediction_type]
        signal = pipeline.scheduler.alphas_cumprod.double().cpu().numpy()
        self.trained = np.sqrt((1.0 - signal) / signal)  # noise level of each training time

    def levels(self, steps: int) -> list[float]:
        """steps + 1 noise levels: those of times uniform from the last trained one, and 0."""
        times = np.linspace(len(self.trained) - 1, 0, steps)
        return [*np.interp(times, np.arange(len(self.trained)), self.trained), 0.0]

    @torch.no_grad()
    def score(self, x: Tensor, level: float, guidance_weight: float) -> Tensor:
        """The guided score at x of the VE view."""
        alpha = 1.0 / float(np.hypot(1.0, level))
        here = alpha * x
        # Between the trained times the network is told the one of this level.
        time = np.interp(np.log(level), np.log(self.trained), np.arange(len(self.trained)))

        def ask(told: Conditions) -> Tensor:
            extra = {"text_embeds": told.pooled, "time_ids": told.sizes}
            found: Tensor = self.unet(
                here.to(self.unet.dtype),
                torch.tensor(time, dtype=torch.float32, device=x.device),
                encoder_hidden_states=told.tokens,
                added_cond_kwargs=extra,
            ).sample.to(x.dtype)
            return found

        said = guided(lambda: ask(self.known), lambda: ask(self.unknown), guidance_weight)
        return -noise_of(self.prediction, said, here, alpha, level * alpha) / level


def load_pipeline(folder: str | PathLike[str], compute: Compute) -> Any:
    """The pipeline of a checkpoint folder, on its device; raises LemmataError naming the folder."""
    index = Path(folder) / "model_index.json"
    try:
        kind = json.loads(index.read_text())["_class_name"]
    except (OSError, ValueError, KeyError) as error:
        raise LemmataError(
            f"{folder}: no checkpoint of diffusers ({index.name}: {error})"
        ) from error
    if kind != KIND:
        raise LemmataError(f"{folder}: a checkpoint of {kind}; need {KIND}")
    try:
        from diffusers import StableDiffusionXLPipeline
    except ImportError as error:
        raise LemmataError("sdxl needs diffusers: pip install '.[sdxl]'") from error
    dtype = torch.bfloat16 if compute.precision == "bfloat16" else torch.float32
    try:
        pipeline = StableDiffusionXLPipeline.from_pretrained(  # type: ignore[no-untyped-call]
            folder, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise LemmataError(f"{folder}: cannot be loaded ({first})") from error
    pipeline.vae.to(torch.float32)  # its decoder overflows in half precision
    return pipeline.to(compute.device)


def sample_sdxl(folder: str | PathLike[str], sampling: Sampling, threads: int) -> pd.DataFrame:
    """sampler, weight, prompt, number, rms, png: images by every sampler, driven by one noise.

    rms: root mean square, over the latents of an image, of the difference to CFG-DDPM's; png: the
    file's bytes. `pcg` is PCG(2g - 1, 1), `pcg_powered_K` PCG(g, K). Raises LemmataError as
    `load_pipeline` and `select` do.
    """
    compute = select(sampling.device, sampling.precision, threads)
    pipeline = load_pipeline(folder, compute)
    prompts = [prompt for prompt in sampling.prompts for _ in range(sampling.each)]
    guidance = LatentGuidance(pipeline, *_conditions(pipeline, prompts, sampling.size))
    side = sampling.size // pipeline.vae_scale_factor
    shape = (len(prompts), pipeline.unet.config.in_channels, side, side)
    levels, ends = guidance.levels(sampling.steps), {}
    for name, sampler in samplers(sampling.guidance_weight, sampling.corrections).items():
        noise = gaussian(torch_generator(sampling.seed, "sdxl"))  # the same for every sampler
        x = float(np.hypot(1.0, levels[0])) * noise(torch.empty(shape, device=compute.device))
        for state in sampler(guidance.score, x, levels, noise):
            x = state
        ends[name] = x
    rows = []
    for name, latents in ends.items():
        rms = (latents - ends["ddpm"]).double().square().mean(dim=(1, 2, 3)).sqrt()
        own = {"sampler": name, "weight": sampling.guidance_weight}
        for number, (prompt, image) in enumerate(
            zip(prompts, _decoded(pipeline, latents), strict=True)
        ):
            told = {"prompt": prompt, "number": number % sampling.each}
            rows.append(own | told | {"rms": float(rms[number]), "png": image})
    return pd.DataFrame(rows)


def _conditions(pipeline: Any, prompts: Sequence[str], size: int) -> tuple[Conditions, Conditions]:
    """Of the prompts, and of none: an empty one."""
    with torch.no_grad():
        tokens, no_tokens, pooled, no_pooled = pipeline.encode_prompt(
            list(prompts),
            device=pipeline.device,
            do_classifier_free_guidance=True,
            negative_prompt=[""] * len(prompts),
        )
    sizes = torch.tensor([[size, size, 0, 0, size, size]], dtype=tokens.dtype).to(tokens.device)
    sizes = sizes.expand(len(prompts), -1)
    return Conditions(tokens, pooled, sizes), Conditions(no_tokens, no_pooled, sizes)


def _decoded(pipeline: Any, latents: Tensor) -> list[bytes]:
    """PNG files of latents, one after the other."""
    files = []
    for latent in latents.float() / pipeline.vae.config.scaling_factor:
        with torch.no_grad():
            image = pipeline.vae.decode(latent[None]).sample[0]
        values = ((image.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        buffer = io.BytesIO()
        Image.fromarray(values.permute(1, 2, 0).cpu().numpy()).save(buffer, format="png")
        files.append(buffer.getvalue())
    return files
