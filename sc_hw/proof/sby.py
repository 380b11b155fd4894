"""SymbiYosys: k-induction, bounded model checking and covers of a SystemVerilog harness, one process a task."""

import os
import re
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sc_hw_models.scratch import run_process

from ..toolchain import sby
from ..yosys import find_yosys
from .solver import Solver

__all__ = ["Run", "harness_script", "run_sby"]

_WORK = "run"
# What sby calls Yosys with: -ql LOG SCRIPT. The pinned wheel is a library.
_YOSYS = "import sys; from pyosys import libyosys as y; y.run_pass('tee -q -o %s script %s' % tuple(sys.argv[2:]), y.Design())"
# The wheel's own commands begin with what runs WebAssembly: neither sby nor its model checker needs that, and it takes longer
# than many a question.
_START = (
    "import runpy, sys; folder, program = sys.argv[1:3]; del sys.argv[1:3]; sys.path.insert(0, folder); "
    "runpy.run_path(program, run_name='__main__')"
)
_SCRIPT = """read_verilog -sv {files}
chformal -remove
read_verilog -formal -sv proof.sv
hierarchy -check -top {top}
proc -norom
flatten
opt_clean
setundef -undriven -anyseq
opt_clean
"""
_FAILED = re.compile(r"Assert failed in [^:\s]+: (\w+)")
_REACHED = re.compile(r"Reached cover statement in step (\d+) at [^:\s]+: (\w+)")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What sby found: ``pass``, ``fail``, ``unknown``, ``timeout`` or ``error``, in how many ``seconds``.

    ``failed`` holds the names of the assertions that do not hold, ``reached`` the covers with their clock,
    ``trace`` the waveform of the failure, ``text`` the last error.
    """

    status: str
    seconds: float
    failed: tuple[str, ...]
    reached: dict[str, int]
    trace: Path | None
    text: str


def harness_script(files: Iterable[str], top: str) -> str:
    """Return the script of a question about the Verilog ``files`` that ``proof.sv`` asks, whose module ``top`` is."""
    return _SCRIPT.format(files=" ".join(files), top=top)


def run_sby(folder: Path, *, mode: str, depth: int, solver: Solver, script: str, files: Mapping[str, str], timeout: float) -> Run:
    """Run one task in the empty ``folder``: ``files`` by name are read by the Yosys ``script``; ``depth`` is in clocks.

    Modes are sby's: ``prove`` (k-induction), ``bmc``, ``cover``. Errors: ``UserError`` when sby is not installed.
    """
    tool = sby().require()
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    names = "\n".join(files)
    (folder / f"{_WORK}.sby").write_text(
        f"[options]\nmode {mode}\ndepth {depth}\ntimeout {max(1, round(timeout))}\n[engines]\nsmtbmc {solver.name}\n"
        f"[script]\n{script}\n[files]\n{names}\n",
        encoding="utf-8",
    )
    wrapper = folder / "bin" / solver.command_name
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\n[ "$1" = --help ] && exit\nexec {solver.interactive()}\n', encoding="utf-8")
    wrapper.chmod(0o755)
    path, _ = find_yosys()
    yosys = [str(path)] if path else [sys.executable, "-P", "-c", _YOSYS]
    wheel = Path(tool.path)
    start_of = [sys.executable, "-P", "-c", _START, str(wheel / "share" / "python3")]
    checker = shlex.join([*start_of, str(wheel / "smtbmc.py")])
    command = [*start_of, str(wheel / "sby.py"), "--yosys", shlex.join(yosys), "--smtbmc", checker]
    environment = {"PATH": f"{wrapper.parent.absolute()}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    start = time.monotonic()
    done = run_process([*command, f"{_WORK}.sby"], cwd=folder, environment=environment)
    return _read(folder / _WORK, done.stdout + done.stderr, time.monotonic() - start)


def _read(work: Path, log: str, seconds: float) -> Run:
    status = work / "status"
    word = status.read_text(encoding="utf-8").split()[0].lower() if status.is_file() else "error"
    traces = sorted(work.glob("engine_0/trace*.vcd"))
    errors = [line for path in sorted(work.glob("model/*.log")) for line in _lines(path) if "ERROR" in line]
    errors += [line for line in log.splitlines() if "ERROR" in line]
    return Run(
        status=word,
        seconds=seconds,
        failed=tuple(dict.fromkeys(_FAILED.findall(log))),
        reached={name: int(step) for step, name in _REACHED.findall(log)},
        trace=traces[0] if traces else None,
        text=errors[0].strip() if errors else "",
    )


def _lines(path: Path) -> Sequence[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
