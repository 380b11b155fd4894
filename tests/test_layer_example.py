"""The example of a layer runs, learns, and its Verilog ends where its model does."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "layer.py"


def test_layer(tmp_path):
    done = subprocess.run([sys.executable, str(EXAMPLE), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS sc_core: 9,600,000 synapse-steps") == 2
    assert done.stdout.count("weights at the end equal the model's") == 2
    assert float(re.search(r"others: ([0-9.]+) %", done.stdout)[1]) > 70
