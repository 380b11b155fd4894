"""Nothing is lost between the daily run and what is left to ``make check``."""

from pathlib import Path

import pytest

from .daily import LONG, check, crossed, few, share_of
from .planted_bugs import BUGS, ROOT


def marked(parameters):
    return [parameter.values for parameter in parameters if parameter.marks]


def test_the_shares_of_a_list_are_the_list():
    items = list(range(100))
    shares = [share_of(items, f"{number}/7") for number in range(1, 8)]
    assert sorted(item for share in shares for item in share) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert share_of(items, "1/1") == items


@pytest.mark.parametrize("share", ["0/3", "4/3", "1", "a/b", "-1/3", "1/0", "", "1/2/3", "1.0/2"])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(pytest.UsageError, match="allowed is K/N"):
        share_of([1], share)


def test_what_is_not_of_every_run_has_a_reason():
    assert marked(few("abc", 2, "why")) == [("c",)]
    assert marked(few("abc", ["b"], "why")) == [("a",), ("c",)]
    pairs = crossed([("x", 1), ("y", 2), ("z", 3)], ("left", "right"), "why")
    assert [parameter.values for parameter in pairs if not parameter.marks] == [
        ("x", 1, "left"),
        ("y", 2, "right"),
        ("z", 3, "left"),
    ]
    assert len(pairs) == 6
    assert {mark.args for parameter in pairs for mark in parameter.marks} == {("why",)}
    for wrong in (
        lambda: check(""),
        lambda: few("ab", 0, "why"),
        lambda: few("ab", ["c"], "why"),
        lambda: crossed("a", "xy", "why"),
    ):
        with pytest.raises(ValueError, match=r"say why|not a part of|never come"):
            wrong()


def test_what_is_in_no_share_is_there():
    for test in LONG:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")


def test_every_planted_bug_has_its_place():
    """A change of the source would leave it out without a word until the bugs are planted again."""
    assert [bug.what for bug in BUGS if (ROOT / bug.file).read_text(encoding="utf-8").count(bug.old) != 1] == []
    assert all((ROOT / "tests" / test).exists() for bug in BUGS for test in bug.tests.split())
