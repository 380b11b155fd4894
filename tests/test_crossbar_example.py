"""The example of a crossbar runs, learns, skips rows, and its Verilog ends where its model does."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "crossbar.py"


def test_crossbar(tmp_path):
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"PASS sc_core: [0-9,]+ synapse-steps", done.stdout)) == 2
    assert done.stdout.count("weights at the end equal the model's") == 2
    assert float(re.search(r"others: ([0-9.]+) %", done.stdout)[1]) > 80
    assert all(int(share) > 50 for share in re.findall(r"skipped \((\d+) %\)", done.stdout))
