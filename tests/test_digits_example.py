"""The worked example runs as the README says, on real data, and its core equals its model."""

import re
import subprocess
import sys
from pathlib import Path

from .daily import check

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "digits.py"


@check("make digits; the example of networks is in every run")
def test_digits(tmp_path):
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS digits: 1,024,000 synapse-steps" in done.stdout
    figures = re.search(r"float (0\.\d+), 16-bit first layer (0\.\d+)", done.stdout)
    assert figures
    trained, quantised = map(float, figures.groups())
    assert trained > 0.9
    assert abs(trained - quantised) < 0.01
    moved = re.search(r"(\d+) of 1024 weights moved", done.stdout)
    assert moved
    assert int(moved[1]) > 100
