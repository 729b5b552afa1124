"""C-RASP programs of the tasks, in our formulation; every one is checked against an oracle.

Acceptors read the word alone. Generators read the row from BOS on (so i = 1 is BOS) and say what
follows from SEP on; they are schemas, one program for each finite alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

ACCEPTORS: Final[dict[str, str]] = {
    "binary_majority": """
        accept := not (count(Q[1]) <= count(Q[0]))
    """,
    "tomita_1": """
        accept := count(Q[0]) <= 0
    """,
    "tomita_2": """
        wrong  := Q[0] and not exists[i-j = 1](Q[1]) or Q[1] and exists[i-j = 1](Q[1])
        accept := not exists(wrong) and Q[0]
    """,
    "tomita_2_position_free": """
        depth  := count(Q[1]) - count(Q[0])
        wrong  := depth < 0 or 1 < depth
        accept := not exists(wrong) and depth == 0
    """,
    "tomita_4": """
        wrong  := Q[0] and exists[i-j = 1](Q[0]) and exists[i-j = 2](Q[0])
        accept := not exists(wrong)
    """,
    "tomita_7": """
        fall   := Q[0] and exists[i-j = 1](Q[1])
        accept := count(fall) <= 1
    """,
    "tomita_7_position_free": """
        second := Q[0] and exists(Q[1])
        third  := Q[1] and exists(second)
        wrong  := Q[0] and exists(third)
        accept := not exists(wrong)
    """,
    "dyck_1": """
        depth  := count(Q[a]) - count(Q[b])
        accept := not exists(depth < 0) and depth == 0
    """,
    "even_a": """
        accept := i % 2 == 0
    """,
    "fourth_a": """
        accept := i % 4 == 0
    """,
    "abab": """
        wrong  := Q[a] and i % 2 == 0 or Q[b] and i % 2 == 1
        accept := not exists(wrong) and i % 4 == 0
    """,
    "ab_d_bc": """
        seen   := count(Q[d])
        wrong  := Q[c] and seen <= 0 or Q[a] and 1 <= seen or 2 <= seen
        accept := not exists(wrong) and 1 <= seen
    """,
    "a_to_e": """
        late_a := Q[a] and exists(Q[b] or Q[c] or Q[d] or Q[e])
        late_b := Q[b] and (exists(Q[c] or Q[d] or Q[e]) or not exists(Q[a]))
        late_c := Q[c] and (exists(Q[d] or Q[e]) or not exists(Q[b]))
        late_d := Q[d] and (exists(Q[e]) or not exists(Q[c]))
        late_e := Q[e] and not exists(Q[d])
        wrong  := late_a or late_b or late_c or late_d or late_e
        accept := not exists(wrong) and exists(Q[e])
    """,
    "anbncn": """
        wrong  := Q[a] and exists(Q[b] or Q[c]) or Q[b] and exists(Q[c])
        accept := not exists(wrong) and count(Q[a]) == count(Q[b]) and count(Q[b]) == count(Q[c])
    """,
}
"""Acceptors by name, over the letters that they mention."""


def bounded_dyck(depth: int) -> str:
    """D_depth over a, b: the depth stays within 0 and `depth` and ends at 0."""
    return f"""
        depth  := count(Q[a]) - count(Q[b])
        wrong  := depth < 0 or {depth} < depth
        accept := not exists(wrong) and depth == 0
    """


def majority(letters: Sequence[str]) -> str:
    """The letter that occurs most often in the question, then EOS."""
    lines = []
    for a in letters:
        rivals = [f"not (count(Q[{a}]) <= count(Q[{b}]))" for b in letters if b != a]
        lines.append(f"NEXT[{a}] := Q[SEP] and {' and '.join(rivals)}")
    return "\n".join([*lines, "NEXT[EOS] := exists(Q[SEP]) and not Q[SEP]"])


def interleave() -> str:
    """The majority bit of each of three interleaved columns, then EOS. BOS is position 1."""
    lines = ["before := not exists(Q[SEP])"]
    places = ["Q[SEP]", "exists[i-j = 1](Q[SEP])", "exists[i-j = 2](Q[SEP])"]
    for column in range(3):
        here = f"before and i % 3 == {(column + 2) % 3}"
        lines += [f"n{bit}_{column} := count(Q[{bit}] and {here})" for bit in "01"]
        lines.append(f"most_{column} := not (n1_{column} <= n0_{column})")
    for bit, sign in (("1", ""), ("0", "not ")):
        said = [f"{place} and {sign}most_{column}" for column, place in enumerate(places)]
        lines.append(f"NEXT[{bit}] := {' or '.join(said)}")
    return "\n".join([*lines, "NEXT[EOS] := exists[i-j = 3](Q[SEP])"])


def sort(letters: Sequence[str]) -> str:
    """The question's letters in the order of the alphabet, then EOS."""
    lines = []
    for place, b in enumerate(letters):
        smaller = [f"not exists(Q[{a}])" for a in letters[:place]]
        reached = [" and ".join(["Q[SEP]", *smaller])]
        for start, a in enumerate(letters[:place]):
            between = [f"not exists(Q[{c}])" for c in letters[start + 1 : place]]
            reached.append(" and ".join([f"Q[{a}]", *between]))
        lines.append(f"NEXT[{b}] := exists(Q[{b}]) and ({' or '.join(reached)})")
    ends = [
        " and ".join([f"Q[{a}]", *(f"not exists(Q[{b}])" for b in letters[place + 1 :])])
        for place, a in enumerate(letters)
    ]
    return "\n".join([*lines, f"NEXT[EOS] := {' or '.join(ends)}"])


def count(letters: Sequence[str]) -> str:
    """From the smaller of the question's two letters on to the larger, then EOS."""
    lines = []
    for place, b in enumerate(letters):
        smallest = [f"not exists(Q[{a}])" for a in letters[:place]]
        said = " and ".join(["Q[SEP]", f"exists(Q[{b}])", *smallest])
        if place:
            larger = " or ".join(f"exists(Q[{c}])" for c in letters[place:])
            said = f"{said} or Q[{letters[place - 1]}] and ({larger})"
        lines.append(f"NEXT[{b}] := {said}")
    ends = [
        " and ".join([f"Q[{a}]", *(f"not exists(Q[{b}])" for b in letters[place + 1 :])])
        for place, a in enumerate(letters)
    ]
    return "\n".join([*lines, f"NEXT[EOS] := exists(Q[SEP]) and ({' or '.join(ends)})"])


def unique_copy(letters: Sequence[str]) -> str:
    """The question again, its letters distinct, then EOS: what came after the letter at hand."""
    lines = [f"after_{k} := exists[i-j = 1](Q[{a}])" for k, a in enumerate(letters)]
    lines += ["after_BOS := exists[i-j = 1](Q[BOS])"]
    for b in letters:
        said = [f"Q[SEP] and exists(Q[{b}] and after_BOS)"]
        said += [
            f"Q[{a}] and exists(Q[{b}] and after_{k})" for k, a in enumerate(letters) if a != b
        ]
        lines.append(f"NEXT[{b}] := {' or '.join(said)}")
    ends = ["Q[SEP] and exists(Q[SEP] and after_BOS)"]
    ends += [f"Q[{a}] and exists(Q[SEP] and after_{k})" for k, a in enumerate(letters)]
    return "\n".join([*lines, f"NEXT[EOS] := {' or '.join(ends)}"])


def _fixed(text: str) -> Callable[[Sequence[str]], str]:
    return lambda _letters: text


_DEPTHS: Final = {"dyck_2": 2, "dyck_3": 3, "dyck_4": 4, "dyck_12": 12}
_LANGUAGES: Final = (
    *("tomita_1", "tomita_2", "tomita_4", "tomita_7"),
    *("a_to_e", "ab_d_bc", "even_a", "fourth_a", "abab"),
)
BY_TASK: Final[dict[str, Callable[[Sequence[str]], str]]] = {
    "binary_majority": majority,
    "majority": majority,
    "interleave": _fixed(interleave()),
    "sort": sort,
    "unique_copy": unique_copy,
    "count": count,
    **{name: _fixed(bounded_dyck(depth)) for name, depth in _DEPTHS.items()},
    **{name: _fixed(ACCEPTORS[name]) for name in _LANGUAGES},
}
"""Task -> letters of its alphabet -> text of its program, one an alphabet."""
