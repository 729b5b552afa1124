"""Steps of training on one batch: of one seed, of many with a leading axis, in a CUDA graph."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from families import Family
from packed_networks import Batch, new_network
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.nn.attention import SDPBackend, sdpa_kernel

RATE = 1e-3
WARM_UP = 3
"""Steps before a capture, as torch asks for."""


class Steps(Protocol):
    """Weights, their optimizer and a batch."""

    def step(self) -> Tensor:
        """One update; the loss, or the losses (S,), before it."""
        ...


def adam(parameters: Sequence[Tensor], device: str) -> torch.optim.Adam:
    """The optimizer of every way."""
    return torch.optim.Adam(parameters, lr=RATE, fused=True, capturable=device == "cuda")


def made(name: str, seed: int, device: str) -> tuple[nn.Module, Batch]:
    """One seed's loss as a module, and its batch."""
    module, batch = new_network(name, seed)
    return module.to(device), tuple(part.to(device) for part in batch)


def settled(device: str) -> float:
    """The time when the device has done what it was told."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


class Alone:
    """One seed, in float32 or by bfloat16's autocast."""

    def __init__(
        self, module: nn.Module, batch: Batch, device: str, precision: str = "float32"
    ) -> None:
        self.module, self.batch = module, batch
        self.optimizer = adam(list(module.parameters()), device)
        # Casts of weights are not kept: a graph would replay none, and miss the weights' updates.
        self.autocast = torch.autocast(
            device, torch.bfloat16, enabled=precision == "bfloat16", cache_enabled=False
        )

    def step(self) -> Tensor:
        """One update; the loss () before it."""
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast:
            loss: Tensor = self.module(*self.batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class Ensemble:
    """S seeds with a leading axis."""

    def __init__(self, name: str, seeds: int, device: str) -> None:
        modules, batches = zip(*[made(name, seed, device) for seed in range(seeds)], strict=True)
        self.parameters, self.buffers = stack_module_state(list(modules))
        self.batch = tuple(torch.stack(parts) for parts in zip(*batches, strict=True))
        self.optimizer = adam(list(self.parameters.values()), device)
        base = modules[0].to("meta")

        def loss(parameters: dict[str, Any], buffers: dict[str, Any], *batch: Tensor) -> Tensor:
            found: Tensor = functional_call(base, (parameters, buffers), batch)
            return found

        self.loss = torch.vmap(loss)

    def step(self) -> Tensor:
        """One update of all seeds; their losses (S,) before it."""
        self.optimizer.zero_grad(set_to_none=True)
        # torch's fused attention has no batching rule on CPUs (it would be called seed by seed);
        # on GPUs its backward refuses the strides that vmap leaves.
        with sdpa_kernel(SDPBackend.MATH):
            losses: Tensor = self.loss(self.parameters, self.buffers, *self.batch)
        losses.sum().backward()
        self.optimizer.step()
        return losses.detach()


def captured(own: Steps, warm_up: int = WARM_UP) -> tuple[torch.cuda.CUDAGraph, Tensor]:
    """A step as a CUDA graph, and where each replay leaves its loss or losses.

    The steps that warm up are updates too; the capture itself runs nothing.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(warm_up):
            own.step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        losses = own.step()
    return graph, losses


def on_one_batch(name: str, device: str, precision: str, graph: bool) -> Family:
    """Training of seed 0 on one batch; graph: its step in a CUDA graph, captured here.

    A call of `train` goes on where the one before it ended.
    """
    module, batch = made(name, 0, device)
    own = Alone(module, batch, device, precision)
    once = captured(own)[0].replay if graph else own.step

    def train(steps: int, _: int) -> None:
        for _ in range(steps):
            once()

    weights = sum(parameter.numel() for parameter in module.parameters())
    return Family(name, f"{weights:,} weights, one batch of {len(batch[0])}", train)
