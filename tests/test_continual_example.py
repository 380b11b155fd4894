"""The forgetting experiment, shortened: one epoch a task, one seed, one core that is told what the model was told."""

import re
import subprocess
import sys
from pathlib import Path

from .daily import check

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "continual"


@check("make continual; its pieces are in every run")
def test_continual(tmp_path):
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path), "--quick"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS sc_core: 1,724,160 synapse-steps" in done.stdout
    none, shift = map(float, re.search(r"none ([0-9.]+), shift ([0-9.]+)", done.stdout).groups())
    assert none < 80
    assert shift > none + 5
