"""The tool for Stable Diffusion XL, end to end on a tiny random pipeline that is saved here."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import torch

from lemmata.diffusion.figures import sdxl as sdxl_figure
from lemmata.diffusion.sdxl import Conditions, LatentGuidance, Sampling, load_pipeline, sample_sdxl
from lemmata.diffusion.studies import sdxl
from lemmata.errors import LemmataError
from lemmata.training.device import Compute

diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")
CPU = Compute(torch.device("cpu"), "float32")
SAMPLING = Sampling(
    prompts=("a red cat", "two dogs"),
    guidance_weight=3.0,
    corrections=(1, 2),
    steps=4,
    each=2,
    size=16,
    seed=0,
    device="cpu",
    precision="float32",
)


def tokenizer(folder):
    folder.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{c}</w>" for c in letters)]
    (folder / "vocab.json").write_text(json.dumps({word: k for k, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    files = str(folder / "vocab.json"), str(folder / "merges.txt")
    return transformers.CLIPTokenizer(*files, model_max_length=77)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdxl")
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=80,
        cross_attention_dim=64,
        norm_num_groups=4,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=[8, 8],
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        sample_size=16,
        norm_num_groups=4,
    )
    text = transformers.CLIPTextConfig(
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        hidden_size=32,
        intermediate_size=32,
        num_attention_heads=4,
        num_hidden_layers=1,
        vocab_size=60,
        projection_dim=32,
    )
    words = tokenizer(folder / "words")
    diffusers.StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=transformers.CLIPTextModel(text),
        text_encoder_2=transformers.CLIPTextModelWithProjection(text),
        tokenizer=words,
        tokenizer_2=words,
        unet=unet,
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=True,
            timestep_spacing="leading",
        ),
    ).save_pretrained(folder / "model")
    return folder / "model"


def test_every_sampler_makes_every_image(checkpoint):
    found, again = (sample_sdxl(checkpoint, SAMPLING, 1) for _ in range(2))
    pd.testing.assert_frame_equal(found, again, check_exact=True)
    names = ["ddim", "ddpm", "pcg", "pcg_powered_1", "pcg_powered_2"]
    assert found.groupby("sampler").size().to_dict() == dict.fromkeys(names, 4)
    rms = found.groupby("sampler")["rms"].mean()
    assert rms["ddpm"] == 0
    assert (rms.drop("ddpm") > 0).all()
    study = sdxl.study(found)
    ratio = study.evidence.set_index("statistic")["value"]["sdxl_path_ratio_of_wrong_weight"]
    assert np.isfinite(ratio)
    assert len(sdxl_figure.draw(study.table).axes) == len(names) * 2


def test_ddim_is_that_of_diffusers(checkpoint):
    """The library's own loop and scheduler on the same network, steps and start."""
    pipeline = load_pipeline(checkpoint, CPU)
    with torch.no_grad():
        encoded = pipeline.encode_prompt(
            ["a red cat"], do_classifier_free_guidance=True, negative_prompt=[""]
        )
    sizes = torch.tensor([[16.0, 16, 0, 0, 16, 16]])
    known, unknown = (Conditions(encoded[k], encoded[k + 2], sizes) for k in (0, 1))
    guidance = LatentGuidance(pipeline, known, unknown)
    scheduler = pipeline.scheduler
    scheduler.set_timesteps(10)
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    signal = scheduler.alphas_cumprod[scheduler.timesteps].double()
    levels = [*((1 - signal) / signal).sqrt().tolist(), 0.0]
    ours = x.double() / signal[0].sqrt()
    for s, t in itertools.pairwise(levels):
        ours = ours + s * (s - t) * guidance.score(ours, s, 3.0)
    theirs = x
    for time in scheduler.timesteps:
        said = []
        for told in (known, unknown):
            extra = {"text_embeds": told.pooled, "time_ids": told.sizes}
            with torch.no_grad():
                out = pipeline.unet(
                    theirs, time, encoder_hidden_states=told.tokens, added_cond_kwargs=extra
                )
            said.append(out.sample)
        eps = said[1] + 3.0 * (said[0] - said[1])
        theirs = scheduler.step(eps, time, theirs).prev_sample
    torch.testing.assert_close(ours.float(), theirs, rtol=1e-3, atol=1e-3)


def test_levels_are_the_trained_ones_and_then_none(checkpoint):
    guidance = LatentGuidance(load_pipeline(checkpoint, CPU), None, None)
    levels = guidance.levels(1000)
    np.testing.assert_allclose(levels[:-1], guidance.trained[::-1])
    assert levels[-1] == 0.0
    assert guidance.levels(5)[0] == guidance.trained[-1]


def test_what_is_no_checkpoint_is_one_line(checkpoint, tmp_path):
    with pytest.raises(LemmataError, match=r"no checkpoint of diffusers \(model_index.json"):
        load_pipeline(tmp_path, CPU)
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(LemmataError, match="a checkpoint of FluxPipeline; need StableDiff"):
        load_pipeline(tmp_path, CPU)
    index = (checkpoint / "model_index.json").read_text()
    (tmp_path / "model_index.json").write_text(index)
    with pytest.raises(LemmataError, match="cannot be loaded"):
        load_pipeline(tmp_path, CPU)
    pipeline = load_pipeline(checkpoint, CPU)
    pipeline.scheduler.register_to_config(prediction_type="flow")
    with pytest.raises(LemmataError, match="prediction_type = 'flow'; known: epsilon"):
        LatentGuidance(pipeline, None, None)
