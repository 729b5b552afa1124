"""Two upper bounds on the norm of the expected gradient of one input.

They are bounds, not scaling laws: the gradient may fall faster than they do, and where one rare
output is rewarded it falls as the square of the standard deviation.
"""

from __future__ import annotations

import math

from torch import Tensor


def theorem_bound(std: Tensor, gamma: Tensor, length: int, largest: float = 1.0) -> Tensor:
    """6 L gamma R^(1/3) STD^(2/3) for rewards in [-R, R]. (N,), (N,) -> (N,).

    Source: arXiv 2310.20703, Theorem 1, as public reviews of it state the formula (R = 1); for
    other R by rescaling [derived].
    """
    bound: Tensor = 6.0 * length * gamma * largest ** (1.0 / 3.0) * std ** (2.0 / 3.0)
    return bound


def sharper_bound(std: Tensor, gamma: Tensor, length: int) -> Tensor:
    """sqrt(L / 2) gamma STD, whatever the size of the rewards. (N,), (N,) -> (N,). [derived]

    With Q_l = E[r | y_1..y_l], grad V = sum over l of E[J^T (pi (Q_l - Q_(l-1)))]. Let d = Q_l -
    Q_(l-1), S = E_pi d^2; as E_pi d = 0, pi_k d_k^2 <= (1 - pi_k) S by Cauchy-Schwarz over the
    others, so |pi d|^2 <= S / 2 (with a pi_1 > 1/2: at most 2 pi_1 (1 - pi_1) S). The S of all l
    sum to Var r, Q being a martingale, and Cauchy-Schwarz over l gives the bound. It is attained
    for L = 1, gamma = 1, two outputs of probability 1/2, and as STD <= 1 it implies the theorem.
    """
    return math.sqrt(length / 2) * gamma * std
