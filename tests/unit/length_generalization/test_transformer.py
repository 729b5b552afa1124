"""The decoder against its definitions: causality, cache, positions, penalty, a peer's blocks."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from lemmata.errors import LemmataError
from lemmata.length_generalization.transformer import generate, positional_penalty
from lemmata.training.batches import torch_generator
from lemmata.training.decoder import Architecture, Cache, Decoder

VOCABULARY, TABLE = 11, 24
POSITIONS = ["ape", "nope", "rope"]


def decoder(positions="ape", classes=None, layers=2, heads=2, std=0.3):
    architecture = Architecture(layers, heads, 16, positions, TABLE, std)
    return Decoder(VOCABULARY, architecture, torch_generator(0, "test"), classes).double()


def tokens(rows, length, seed=0):
    return torch.randint(0, VOCABULARY, (rows, length), generator=torch_generator(seed, "tokens"))


@pytest.mark.parametrize("positions", POSITIONS)
@torch.no_grad()
def test_cached_states_are_those_of_the_whole_row(positions):
    model, row = decoder(positions), tokens(3, 12)
    whole = model(row)
    for cuts in ([12], [1] * 12, [5, 1, 6], [4, 4, 4]):
        cache = Cache()
        parts = [model(part, cache=cache) for part in row.split(cuts, dim=1)]
        torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-10, atol=1e-12)
        assert cache.length == 12


@pytest.mark.parametrize("positions", POSITIONS)
@torch.no_grad()
def test_later_tokens_change_nothing(positions):
    model, row = decoder(positions), tokens(2, 10)
    other = row.clone()
    other[:, 6:] = tokens(2, 4, seed=1)
    torch.testing.assert_close(model(row)[:, :6], model(other)[:, :6], rtol=0, atol=1e-12)
    assert not torch.allclose(model(row)[:, 6:], model(other)[:, 6:])


@torch.no_grad()
def test_states_are_those_of_pytorchs_own_pre_norm_layer():
    # An independent implementation with the same weights: nn.TransformerEncoderLayer.
    model, row = decoder("ape"), tokens(3, 9)
    x = model.token_embedding(row) + model.position_embedding.weight[:9]
    mask = nn.Transformer.generate_square_subsequent_mask(9, dtype=torch.float64)
    for block in model.blocks:
        peer = nn.TransformerEncoderLayer(
            16, 2, 64, 0.0, lambda t: functional.gelu(t, approximate="tanh"),
            batch_first=True, norm_first=True, dtype=torch.float64,
        )  # fmt: skip
        pairs = {
            peer.self_attn.in_proj_weight: block.query_key_value.weight,
            peer.self_attn.in_proj_bias: block.query_key_value.bias,
            peer.self_attn.out_proj.weight: block.attention_out.weight,
            peer.self_attn.out_proj.bias: block.attention_out.bias,
            peer.linear1.weight: block.mlp_in.weight,
            peer.linear1.bias: block.mlp_in.bias,
            peer.linear2.weight: block.mlp_out.weight,
            peer.linear2.bias: block.mlp_out.bias,
        }
        for theirs, ours in pairs.items():
            theirs.copy_(ours)
        x = peer(x, src_mask=mask)
    expected = functional.layer_norm(x, (16,))
    torch.testing.assert_close(model(row), expected, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(model.scores(expected), expected @ model.token_embedding.weight.T)


@torch.no_grad()
def test_offsets_are_places_in_the_position_table():
    model, row = decoder("ape"), tokens(2, 5)
    moved = model(row, torch.tensor([0, 7]))
    torch.testing.assert_close(moved[0], model(row)[0])
    shifted = decoder("ape")
    shifted.position_embedding.weight[:-7] = model.position_embedding.weight[7:]
    torch.testing.assert_close(moved[1], shifted(row)[1])


@torch.no_grad()
def test_rotary_states_depend_on_distances_alone_and_on_them_indeed():
    model, row = decoder("rope"), tokens(2, 6)
    # Angles are float32, so that they keep their digits where states are of fewer bits.
    torch.testing.assert_close(model(row, torch.tensor([3, 18])), model(row), rtol=0, atol=1e-5)
    swapped = row[:, [1, 0, 2, 3, 4, 5]]
    assert not torch.allclose(model(swapped)[:, -1], model(row)[:, -1])


@torch.no_grad()
def test_without_positions_one_layer_sees_a_bag():
    model, row = decoder("nope", layers=1), tokens(2, 6)
    swapped = row[:, [3, 1, 0, 4, 2, 5]]
    torch.testing.assert_close(model(swapped)[:, -1], model(row)[:, -1], rtol=0, atol=1e-10)


@torch.no_grad()
def test_generation_is_step_by_step_argmax_with_its_probability():
    model, prompts = decoder("ape", std=1.0), tokens(8, 4)
    said, confidence = generate(model, prompts, 6, end=2)
    for row in range(len(prompts)):
        have, total, ended = prompts[row : row + 1], 0.0, False
        for step in range(6):
            scores = model.scores(model(have)[:, -1]).log_softmax(dim=1)[0]
            chosen = 2 if ended else int(scores.argmax())
            total += 0.0 if ended else float(scores[chosen])
            assert int(said[row, step]) == chosen
            ended = ended or chosen == 2
            have = torch.cat([have, torch.tensor([[chosen]])], dim=1)
        assert float(confidence[row]) == pytest.approx(total, abs=1e-9)


@torch.no_grad()
def test_generation_stops_when_every_row_has_ended():
    model, prompt = decoder("ape", std=1.0), tokens(1, 4)
    log_p, end = model.scores(model(prompt)[:, -1]).log_softmax(dim=1).max(dim=1)
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    said, confidence = generate(model, prompt, 6, end=int(end))
    assert said.tolist() == [[int(end)] * 6]
    assert float(confidence) == pytest.approx(float(log_p), abs=1e-9)
    assert len(calls) == 1


@torch.no_grad()
def test_penalty_is_its_definition_in_loops():
    model = decoder("ape")
    table = model.position_embedding.weight
    total = 0.0
    for block in model.blocks:
        weight = block.query_key_value.weight  # rows: queries, keys, values
        for head in range(2):
            w_q, w_k = weight[head * 8 : head * 8 + 8], weight[16 + head * 8 : 24 + head * 8]
            for j in range(TABLE):
                for i in range(j, TABLE):
                    total += float((w_q @ table[i]) @ (w_k @ table[j])) ** 2 / TABLE
    assert float(positional_penalty(model)) == pytest.approx(total, rel=1e-10)


def test_penalty_has_the_gradient_of_finite_differences():
    model = decoder("ape")
    positional_penalty(model).backward()
    weight = model.blocks[1].query_key_value.weight
    for place in ((0, 0), (20, 5)):
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                weight[place] += step
                values.append(float(positional_penalty(model)))
                weight[place] -= step
        slope = (values[0] - values[1]) / 2e-5
        assert float(weight.grad[place]) == pytest.approx(slope, rel=1e-5)
    assert float(weight.grad[32:].abs().max()) == 0.0  # values take no part


@torch.no_grad()
def test_start_has_the_spread_that_is_asked_for():
    architecture = Architecture(8, 2, 64, "ape", 500, 0.05)
    model = Decoder(300, architecture, torch_generator(1, "spread"))
    assert float(model.position_embedding.weight.std()) == pytest.approx(0.05, rel=0.02)
    assert float(model.blocks[0].mlp_in.weight.std()) == pytest.approx(0.05, rel=0.02)
    out = float(model.blocks[3].mlp_out.weight.std())
    assert out == pytest.approx(0.05 / math.sqrt(16), rel=0.02)


def test_classes_have_their_own_matrix():
    assert decoder(classes=3).scores(torch.zeros(2, 16).double()).shape == (2, 3)
    assert "classifier.weight" not in decoder().state_dict()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: decoder()(tokens(1, TABLE + 1)), f"reaches position {TABLE + 1}; the position"),
        (lambda: decoder()(tokens(1, 5), torch.tensor([20])), "reaches position 25"),
        (lambda: decoder()(torch.full((1, 3), VOCABULARY)), "unknown token 11: the vocabulary has"),
        (lambda: positional_penalty(decoder("nope")), "needs learned positions"),
        (lambda: decoder(heads=3), "width = 16: must be a multiple of heads = 3"),
        (lambda: Architecture(1, 4, 12, "rope", 8, 0.1), "rotary heads need an even width"),
    ],
)
def test_what_does_not_fit_is_one_line(wrong, message):
    with pytest.raises(LemmataError, match=message) as caught:
        wrong()
    assert "\n" not in str(caught.value)
