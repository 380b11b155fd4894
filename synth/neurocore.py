"""sc-neurocore in a virtual environment of its own, to be run and measured beside sc-hw.

sc-neurocore is under the AGPL: nothing of it is imported here or kept.
"""

import json
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sc_hw.errors import UserError

__all__ = ["answer", "environment"]

NEEDED = "sc-neurocore==3.16.*"


@contextmanager
def environment(keep: Path | None) -> Iterator[Path]:
    """Give the Python of a virtual environment with sc-neurocore in it, thrown away afterwards unless kept."""
    with nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="neurocore-") as folder:
        python = Path(folder) / "bin" / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NEEDED]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise UserError(f"{NEEDED} cannot be installed: {last}")
        yield python


def answer(python: Path, script: str, *arguments: str) -> dict[str, Any]:
    """Run a script in that environment and return the JSON object on its last line."""
    done = subprocess.run([str(python), "-c", script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"sc-neurocore failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
