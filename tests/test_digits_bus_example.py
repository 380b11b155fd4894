"""The example of a chip behind a bus runs, learns, and ends where its golden network does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .daily import check

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "digits_bus.py"


@check("the driver learns with a network behind a bus in every run; make digits-bus has the whole example")
@pytest.mark.parametrize(
    ("options", "least"),
    [
        (["--samples", "220", "--passes", "1"], 40),
        pytest.param([], 90, marks=check("make digits-bus, the whole example; it runs shortened in every run")),
    ],
)
def test_digits_behind_a_bus(options, least):
    done = subprocess.run([sys.executable, str(EXAMPLE), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^0 of 9,610 weights and 0 of 450 decisions are not", done.stdout, re.MULTILINE)
    assert float(re.search(r"learning off: ([0-9.]+) %", done.stdout)[1]) > least


@check("an option of an example; test_emit.py of tests/bus has such a bus refused by sc-hw emit in every run")
def test_a_bus_that_there_is_not_is_one_line():
    done = subprocess.run([sys.executable, str(EXAMPLE), "--bus", "ring"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("digits_bus: --bus 'ring': unknown")
