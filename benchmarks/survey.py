"""100,000 simulated respondents, 30 questions: 2,000 bootstraps and 2,000 permutations of each.

    OMP_NUM_THREADS=1 python benchmarks/survey.py [RESPONDENTS QUESTIONS RESAMPLES]

Two SYNTHETIC editions of that size, three strata. Each question: shares, mean stance and their
bootstrap over respondents within strata, the same weighted, the gap between predicted and actual
share with its bootstrap, and the permutation test between the editions. One process, one thread.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from lemmata.survey.drift import permutation_p, pooled
from lemmata.survey.gap import statistic
from lemmata.survey.indices import mean_stance
from lemmata.survey.resampling import bootstrap_counts
from lemmata.survey.shares import weighted_shares
from lemmata.survey.simulate import stances
from lemmata.survey.simulated import CAREER

STEPS = 21
"""Predicted shares come in steps of five points."""


def main(respondents: int = 100_000, questions: int = 30, resamples: int = 2000) -> None:
    """Simulate, analyse, and print how long each took."""
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    editions = [simulated(respondents, questions, rng) for _ in range(2)]
    made = time.perf_counter()
    found = [analysed(editions, q, resamples, rng) for q in range(questions)]
    done = time.perf_counter()
    print(
        f"{respondents:,} respondents, {questions} questions, {resamples:,} resamples, 2 editions"
    )
    print(f"simulated in {made - start:.1f} s, analysed in {done - made:.1f} s")
    print(f"drifts at .05 without any planted: {sum(p <= 0.05 for p in found)} of {questions}")


def simulated(n: int, questions: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts by question, career and answer (Q, G, 6), and by answer and prediction (Q, 6 x 21)."""
    career = rng.integers(0, len(CAREER), n)
    location = np.random.default_rng(1).uniform(-0.8, 0.8, questions)
    answers = stances(location, rng.standard_normal(n), career, rng)
    answers[rng.random(answers.shape) < 0.15] = 0
    guesses = rng.integers(0, STEPS, answers.shape)
    cells = (np.arange(questions) * len(CAREER) + career[:, None]) * 6 + answers
    pairs = (np.arange(questions) * 6 + answers) * STEPS + guesses
    by_career = np.bincount(cells.ravel(), minlength=questions * len(CAREER) * 6)
    by_guess = np.bincount(pairs.ravel(), minlength=questions * 6 * STEPS)
    return by_career.reshape(questions, -1, 6), by_guess.reshape(questions, -1)


def analysed(
    editions: list[tuple[np.ndarray, np.ndarray]], q: int, resamples: int, rng: np.random.Generator
) -> float:
    """All of one question; p of its drift."""
    (first, guessed), (second, _) = editions
    drawn = bootstrap_counts(first[q], resamples, rng)  # (R, G, 6)
    shares = pooled(drawn)
    weighted = weighted_shares(drawn[..., 1:], np.array([1.0, 1.5, 0.7]))
    cells = np.array([(s, g / 20.0) for s in range(6) for g in range(STEPS)])
    gaps = statistic(bootstrap_counts(guessed[q][None], resamples, rng)[:, 0], cells, 3)
    for values in (shares, mean_stance(shares), weighted, gaps):
        assert np.isfinite(np.quantile(values, [0.025, 0.975], axis=0)).all()
    return permutation_p(first[q], second[q], resamples, rng)["p_moved"]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
