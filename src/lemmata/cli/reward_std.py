"""``lemmata reward-std``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lemmata.cli.common import one_line
from lemmata.errors import LemmataError

if TYPE_CHECKING:
    import pandas as pd

    from lemmata.reinforcement_finetuning.checkpoints.study import Settings

UNSEEN = 0.05  # the probability of the outcome that the caveat speaks of


def _options(command: Any) -> Any:
    """The options, in groups: what is sampled, what counts as vanishing, finetuning."""
    for option in reversed(
        [
            click.option("--reward", default="rouge_l", show_default=True),
            click.option("--prompts", default=1000, show_default=True, help="At most."),
            click.option("--samples", default=10, show_default=True, help="Answers to a prompt."),
            click.option("--answer", default=50, show_default=True, help="Tokens at most."),
            click.option("--shortest", default=0, show_default=True, help="Tokens at least."),
            click.option("--top-k", default=0, show_default=True, help="0: all tokens."),
            click.option("--temperature", default=1.0, show_default=True),
            click.option("--vanishing", default=0.05, show_default=True, help="Largest bound."),
            click.option("--batch-size", default=64, show_default=True, help="Answers at a time."),
            click.option("--seed", default=0, show_default=True),
            click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"])),
            click.option(
                "--precision", default="float32", type=click.Choice(["float32", "bfloat16"])
            ),
            click.option("--threads", default=1, show_default=True, help="Of the CPU."),
            click.option(
                "--output",
                default="reward_std.csv",
                show_default=True,
                type=click.Path(path_type=Path, dir_okay=False),
                help="The table: .csv or .parquet.",
            ),
            click.option(
                "--finetune",
                type=click.Path(path_type=Path, file_okay=False),
                help="SFT, then RFT, and write the model into this new folder.",
            ),
            click.option("--sft-epochs", default=1, show_default=True),
            click.option("--sft-batch-size", default=16, show_default=True),
            click.option("--sft-learning-rate", default=1e-5, show_default=True),
            click.option("--rft-batches", default=100, show_default=True),
            click.option("--rft-prompts", default=16, show_default=True, help="Of a batch."),
            click.option("--rft-learning-rate", default=2e-6, show_default=True),
            click.option("--kl", default=0.001, show_default=True, help="Coefficient."),
        ]
    ):
        command = option(command)
    return command


@click.command("reward-std")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@_options
def reward_std_command(
    model: Path,
    data: Path,
    threads: int,
    output: Path,
    finetune: Path | None,
    **values: Any,
) -> None:
    """Say on how many prompts reinforcement finetuning of MODEL has hardly a gradient.

    MODEL: folder of a causal or seq2seq model of transformers; DATA: .jsonl or .csv with columns
    prompt and reference. Samples answers, estimates the STD of each prompt's reward, and from it
    the bounds on the norm of the expected gradient in units of gamma, the largest Jacobian norm of
    the logits (arXiv 2310.20703). REWARD: exact_match, rouge_l, or a function of yours as
    module:function, called with prompt, answer, references. Exit status: 0 told; 2 it cannot be.
    """
    with one_line():
        if output.suffix not in (".csv", ".parquet"):
            raise LemmataError(f"--output {output}: allowed: .csv, .parquet")
        if finetune is not None and finetune.exists():
            raise LemmataError(f"--finetune {finetune}: is there already")
        from lemmata.reinforcement_finetuning.checkpoints.tool import measure_and_finetune

        found = measure_and_finetune(model, data, _settings(values), threads, finetune)
        _write(found, output)
        _tell(found, values, output)
    if finetune is not None:
        click.echo(f"model: {finetune}")


def _settings(values: dict[str, Any]) -> Settings:
    """The options as settings."""
    from lemmata.reinforcement_finetuning.checkpoints.finetune import Reinforced, Supervised
    from lemmata.reinforcement_finetuning.checkpoints.study import Settings

    own = {k: v for k, v in values.items() if not k.startswith(("sft_", "rft_", "kl"))}
    sft = Supervised(
        values["sft_epochs"], values["sft_batch_size"], values["sft_learning_rate"], 0.0
    )
    rft = Reinforced(
        updates=4,
        batches=values["rft_batches"],
        prompts=values["rft_prompts"],
        samples=max(2, min(8, values["samples"])),
        learning_rate=values["rft_learning_rate"],
        clip=0.2,
        kl=values["kl"],
    )
    return Settings(**own, sft=sft, rft=rft)


def _write(table: pd.DataFrame, output: Path) -> None:
    from lemmata.tables import write_table

    try:
        if output.suffix == ".csv":
            table.to_csv(output, index=False)
        else:
            write_table(table, output)
    except OSError as error:
        raise LemmataError(f"{output}: cannot be written ({error.strerror})") from error


def _tell(table: pd.DataFrame, values: dict[str, Any], output: Path) -> None:
    """Lines for a person: mean reward and STD, shares of vanishing gradients, the caveat."""
    from lemmata.reinforcement_finetuning.checkpoints.estimate import (
        unseen_probability,
        vanishing_share,
    )

    names = {"theorem": "6 L STD^(2/3), Theorem 1", "sharper": "sqrt(L) STD, sharper"}
    for when, own in table.groupby("when", sort=False):
        click.echo(
            f"{when}: {len(own)} prompts, mean reward {own['mean'].mean():.3f},"
            f" mean STD {own['std'].mean():.3f}, STD 0 in {(own['std'] == 0).mean():.1%}"
        )
        for bound, name in names.items():
            share = vanishing_share(own, bound, values["vanishing"])
            click.echo(
                f"  gradient bound <= {values['vanishing']:g} gamma: {share.value:.1%} of the"
                f" prompts [{share.lower:.1%}, {share.upper:.1%}]  ({name})"
            )
    samples = values["samples"]
    click.echo(
        f"An outcome of probability {UNSEEN:g} shows in none of {samples} samples with probability"
        f" {unseen_probability(UNSEEN, samples):.2f}: STD 0 means small, not none."
    )
    click.echo(f"table: {output}")
