"""The tests that only ``make check`` runs, each with its reason, as a page: ``python -m tests.check_list -o docs/checks.md``."""

import argparse
import sys
from collections import Counter
from pathlib import Path

import pytest

_HEAD = """\
# What is left to make check

`make test` runs the tests of every change. These take too long for that, and what they look for is looked for in every run by a
smaller one of the same kind; `make check` runs them all, `make check SHARE=K/N` every Nth from the Kth. `.ci/run` takes one share
of 50, by the commit, so that every one of them meets about one commit in fifty. Those that take minutes each (`LONG` in
`tests/daily.py`) are in no share. `make check-list` makes this page.
"""


class _Listed:
    """Collects the tests; runs none."""

    def __init__(self) -> None:
        self.counts, self.reasons, self.kept = Counter[str](), dict[str, dict[str, None]](), 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            name = item.nodeid.removeprefix("tests/").partition("[")[0]
            self.counts[name] += 1
            self.reasons.setdefault(name, {}).update(dict.fromkeys(str(mark.args[0]) for mark in item.iter_markers("check")))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.kept += len(items)


def main() -> int:
    """Write the page and return the exit status of the collection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    listed = _Listed()
    status = int(pytest.main(["--check", "--collect-only", "-qq", "--no-header"], plugins=[listed]))
    rows = [f"| `{name}` | {count} | {'; '.join(listed.reasons[name])} |" for name, count in listed.counts.items()]
    total = f"{sum(listed.counts.values()):,} tests; every run has {listed.kept:,} others."
    options.output.write_text("\n".join([_HEAD, total, "", "| test | cases | why it may wait |", "|---|---:|---|", *rows, ""]))
    return status


if __name__ == "__main__":
    sys.exit(main())
