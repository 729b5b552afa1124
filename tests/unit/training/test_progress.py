"""What a person sees of a long run."""

import io

import torch

from lemmata.training.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def told(stream, steps=range(1, 101), seconds_a_step=1.0):
    clock = iter([0.0] + [seconds_a_step * t for t in range(1, 1 + len(steps))])
    pairs = [(step, {"loss": torch.tensor(1 / step)}) for step in steps]
    passed = list(progress(pairs, 100, "mlp digits", stream, lambda: next(clock)))
    assert passed == pairs
    return stream.getvalue()


def test_a_log_gets_a_line_every_ten_seconds():
    lines = told(io.StringIO()).splitlines()
    assert [int(line.split("] ")[1].split("/")[0]) for line in lines] == [*range(1, 100, 10), 100]
    assert lines[1] == f"mlp digits [###{'.' * 27}] 11/100  1:38 left  loss 0.09091"
    assert lines[-1] == f"mlp digits [{'#' * 30}] 100/100  loss 0.01"


def test_a_terminal_gets_one_line_rewritten():
    text = told(Terminal(), seconds_a_step=0.125)
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert text.count("\r") == 51  # every second step, as 0.125 < 0.2 <= 0.25 s, and the last


def test_resumed_run_judges_its_own_pace():
    lines = told(io.StringIO(), steps=range(51, 101)).splitlines()
    assert "61/100  0:43 left" in lines[1]  # 10 steps in 11 s, 39 to go


def test_numbers_are_asked_for_only_when_told():
    class Counted:
        asked = 0

        def __float__(self):
            Counted.asked += 1
            return 0.0

    clock = iter([0.0] + [0.01 * t for t in range(1, 101)])
    pairs = ((step, {"loss": Counted()}) for step in range(1, 101))
    for _ in progress(pairs, 100, "run", io.StringIO(), lambda: next(clock)):
        pass
    assert Counted.asked == 2
