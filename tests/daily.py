"""What ``make test`` runs of a long list, and what it leaves to ``make check``; each has the reason why that may wait."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sc_hw_models.cache import cache_folder

__all__ = ["LONG", "check", "crossed", "few", "shapes", "share_compiled", "share_of"]

# Minutes each: make check runs them, a share of it, which is for every commit, does not.
LONG = (
    "board/test_board.py::test_a_board_that_is_too_small_is_told_with_what_would_fit",
    "board/test_proof.py::test_the_bridge_holds[z3]",
    "bus/test_accesses.py::test_ten_thousand_accesses",
    "compiler/test_examples.py::test_a_rule_is_proven[izhikevich-",
    "parity/test_corners.py::test_every_fault_by_hand_is_found",
)


def check(reason: str) -> pytest.MarkDecorator:
    """Return the mark of a test that ``make check`` runs and ``make test`` does not; the list of such tests tells the reason."""
    if not reason:
        raise ValueError("say why it may wait")
    return pytest.mark.check(reason)


def few(values: Iterable[Any], daily: int | Collection[Any], reason: str) -> list[Any]:
    """Return parameters of a test: the first ``daily`` of ``values``, or those in ``daily``, for every run, the others marked."""
    listed = list(values)
    chosen = listed[:daily] if isinstance(daily, int) else list(daily)
    if not chosen or any(value not in listed for value in chosen):
        raise ValueError(f"{chosen}: not a part of {listed}")
    return [_parameter(value, () if value in chosen else check(reason)) for value in listed]


def crossed(values: Iterable[Any], others: Sequence[Any], reason: str) -> list[Any]:
    """Return pairs of every value with each of ``others``: for every run each value once, with the others by turns."""
    listed = list(values)
    if len(listed) < len(others):
        raise ValueError("one of the others would never come")
    return [
        _parameter(
            (*(value if isinstance(value, tuple) else (value,)), other), () if row % len(others) == column else check(reason)
        )
        for row, value in enumerate(listed)
        for column, other in enumerate(others)
    ]


def shapes(count: int, daily: Sequence[tuple[int, str]], generators: Iterable[str]) -> list[Any]:
    """Return lists of (shape, generator) as parameters: ``daily`` for every run, all ``count`` of each generator marked."""
    mark = check("all shapes of a generator")
    whole = (pytest.param([(k, generator) for k in range(count)], id=generator, marks=mark) for generator in generators)
    return [pytest.param(daily, id="daily"), *whole]


def share_compiled(cache: Path) -> None:
    """Let a new cache have what the compiler made of the simulator's own files, which takes it 20 seconds of a processor."""
    cache.mkdir(exist_ok=True)
    (cache_folder() / "ccache").mkdir(parents=True, exist_ok=True)
    (cache / "ccache").symlink_to(cache_folder() / "ccache")


def share_of(items: Sequence[Any], share: str) -> list[Any]:
    """Return share ``K/N`` of a list: every Nth from the Kth, so that tests that stand together are spread over the shares."""
    number, _, count = share.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise pytest.UsageError(f"--share {share}: not a share; allowed is K/N with 1 <= K <= N")
    return list(items[int(number) - 1 :: int(count)])


def _parameter(value: Any, marks: Any) -> Any:
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=marks)
