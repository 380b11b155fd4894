"""The example of a crossbar runs, learns, skips rows, and its Verilog ends where its model does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .daily import check

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "crossbar.py"


@check("an example that learns; crossbars are compared in every run")
@pytest.mark.parametrize(
    ("options", "generators", "least"),
    [(["--quick"], 1, 65), ([], 2, 80)],
)
def test_crossbar(tmp_path, options, generators, least):
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"PASS sc_core: [0-9,]+ synapse-steps", done.stdout)) == generators
    assert done.stdout.count("weights at the end equal the model's") == generators
    assert float(re.search(r"others: ([0-9.]+) %", done.stdout)[1]) > least
    assert all(int(share) > 50 for share in re.findall(r"skipped \((\d+) %\)", done.stdout))
