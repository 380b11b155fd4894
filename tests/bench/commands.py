"""Commands that are given all day: what each takes of a processor, from its start to its end, with everything it starts."""

import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

from .measure import Group, Row

__all__ = ["group"]

ROOT = Path(__file__).parents[2]
FOLDER = Path("build/bench/commands").absolute()
SC_HW = (sys.executable, "-m", "sc_hw")
COUNTED = """\
One unit is a command. Seconds are processor time of all its processes, so that a busy machine changes little; the caches have
what an earlier round made. To be kept: 300 a minute of `sc-hw --help` (0.2 s each), 86 of `emit` (0.7 s), 7.5 of a second
`make demo` (8 s)."""


def ran(command: tuple[str, ...]) -> float:
    """Run a command; return how many a minute of processor time would give."""
    before = _seconds()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    return 60 / (_seconds() - before)


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def group(_python: Path) -> Group:
    """Return the rows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    commands = {
        "Python and NumPy alone": (sys.executable, "-c", "import numpy"),
        "sc-hw --help": (*SC_HW, "--help"),
        "sc-hw emit": (*SC_HW, "emit", "--synapses", "1024", "-o", str(FOLDER / "core"), "--force"),
        "make demo, a second time": ("make", "demo"),
    }
    rows = [Row(name=name, run=partial(ran, command)) for name, command in commands.items()]
    return Group(title="Commands", unit="calls a minute", counted=COUNTED, reference=rows[0].name, rows=rows)
