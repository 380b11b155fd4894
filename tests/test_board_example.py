"""The example of a board learns digits over the virtual line, and its weights are the golden model's."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .daily import check

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "board.py"


@check("a core learns over the virtual line in every run")
@pytest.mark.parametrize(
    ("digits", "status"), [(25, 0), pytest.param(100, 0, marks=check("the whole example; it runs shortened in every run"))]
)
def test_board(tmp_path, digits, status):
    command = [sys.executable, str(EXAMPLE), "--core", str(tmp_path / "core"), "--digits", str(digits)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert "\n0 weights differ from the golden model's; 0 frames were dropped" in done.stdout
    before, after = map(float, re.search(r"([\d.]+) % before, ([\d.]+) % after", done.stdout).groups())
    assert before < 15
    assert after > (40 if digits < 100 else 70)
