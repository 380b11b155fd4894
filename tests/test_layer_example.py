"""The example of a layer runs, learns, and its Verilog ends where its model does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .daily import check

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "layer.py"


@pytest.mark.parametrize(
    ("options", "steps", "generators", "least"),
    [
        pytest.param(["--quick"], "4,800,000", 1, 30, marks=check("the example of a crossbar runs shortened in every run")),
        pytest.param([], "9,600,000", 2, 70, marks=check("the whole example")),
    ],
)
def test_layer(tmp_path, options, steps, generators, least):
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"PASS sc_core: {steps} synapse-steps") == generators
    assert done.stdout.count("weights at the end equal the model's") == generators
    assert float(re.search(r"others: ([0-9.]+) %", done.stdout)[1]) > least
