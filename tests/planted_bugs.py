"""Bugs, each planted into a copy of the tree: does a test of every change fail? ``python -m tests.planted_bugs``.

Each is run against the test files of the room it is in, as ``make test`` runs them. ``--before COMMIT`` also runs the tests of
that commit, so that a change of the tests shows what it lost. Exit status 1 when a bug is not caught.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.daily import share_compiled

__all__ = ["BUGS", "Bug"]

ROOT = Path(__file__).parents[1]
Outcomes = dict[str, dict[str, list[str]]]  # of each bug, before and now: the test that fails, and the commit of the tests
MODELS, RTL, TEMPLATES = "models/sc_hw_models", "sc_hw/rtl", "rtl_templates"


@dataclass(frozen=True)
class Bug:
    """A text of a file that is replaced once by another, what that does, and the test files that should tell."""

    what: str
    file: str
    old: str
    new: str
    tests: str


BUGS = (
    # Golden models
    Bug(
        "a negative magnitude decays without its rounding",
        f"{MODELS}/fixed.py",
        "-(-value - rounded_asr(-value, shift, noise))",
        "-(-value - asr(-value, shift))",
        "models/test_fixed.py",
    ),
    Bug(
        "two lanes share a seed",
        f"{MODELS}/lfsr.py",
        "((seed << 20) + lane) & mask",
        "((seed << 20) + lane // 2) & mask",
        "models/test_lfsr.py",
    ),
    Bug(
        "inputs below their range are taken",
        f"{MODELS}/core.py",
        "if low < f.minimum or high > f.maximum:",
        "if high > f.maximum:",
        "models/test_core.py",
    ),
    Bug(
        "a locked weight moves",
        f"{MODELS}/kinds/lock.py",
        "select(at.code, 0, super().change(at))",
        "super().change(at)",
        "models/test_consolidation.py",
    ),
    Bug(
        "a row counts as reached by no spike",
        f"{MODELS}/crossbar.py",
        '| ~events["post"].any(axis=1, keepdims=True)',
        '| events["post"].any(axis=1, keepdims=True)',
        "models/test_crossbar.py",
    ),
    Bug(
        "the compiled step shifts as far as C does",
        f"{MODELS}/c_text.py",
        "min(int(term.detail), width - 1)",
        "int(term.detail)",
        "models/test_compiled.py",
    ),
    Bug(
        "rows at rest draw noise",
        f"{MODELS}/networks/memory.py",
        "rows = np.arange(self.rows) if every else np.flatnonzero(activity)",
        "rows = np.arange(self.rows)",
        "models/networks",
    ),
    Bug(
        "the error of a softmax no longer adds up to nothing",
        f"{MODELS}/networks/errors.py",
        "return [rest if k == label",
        "return [rest - 1 if k == label",
        "models/networks",
    ),
    Bug(
        "the compiled network rounds up",
        f"{MODELS}/networks/c_sweep.py",
        "(uint16_t)(f[p] + (s[p] & {mask})) >> {shift}",
        "(uint16_t)(f[p] + (s[p] & {mask}) + 1) >> {shift}",
        "models/networks",
    ),
    Bug(
        "the schedule slows nothing",
        f"{MODELS}/networks/model.py",
        "<< (sample.octaves - self.slower)",
        "<< sample.octaves",
        "models/networks",
    ),
    Bug("momentum is forgotten", f"{MODELS}/training/optimisers.py", "v *= self.momentum\n", "v *= 0.0\n", "training"),
    # Amaranth
    Bug(
        "padding of the last word is written",
        f"{RTL}/engine.py",
        "sweep.write_back & ~sweep.write_last if lane in design.padded_lanes else",
        "sweep.write_back if True else",
        "prove/test_engine.py",
    ),
    Bug(
        "a clear overtakes the sweep before it",
        f"{RTL}/engine.py",
        "drained | (~self.command_clear & ~clearing)",
        "drained | ~clearing",
        "parity/test_regression.py",
    ),
    Bug(
        "a skipped row is written",
        f"{RTL}/engine.py",
        'wire(m, "written", write_back & ~skipped)',
        'wire(m, "written", write_back)',
        "parity/test_crossbar.py",
    ),
    Bug(
        "the queue forgets that a result is on offer",
        f"{RTL}/result_queue.py",
        "promised.any() | valid",
        "promised.any()",
        "prove/test_queue.py parity/test_regression.py",
    ),
    Bug(
        "u reaches 1 by rounding",
        f"{RTL}/rules/stp.py",
        "full = raised[stored].replicate(stored)",
        "full = Const(0, stored)",
        "rtl/test_datapath.py",
    ),
    # Verilog templates
    Bug(
        "saturation on the other side",
        f"{TEMPLATES}/lib/saturate.v.j2",
        "{RESULT_BITS{~negative}} ^ SIGN",
        "{RESULT_BITS{negative}} ^ SIGN",
        "parity/test_regression.py",
    ),
    Bug(
        "the wrong tap of the random register",
        f"{TEMPLATES}/lib/random.v.j2",
        "^ state_reg[K-1:K-FRESH]",
        "^ state_reg[K:K-FRESH+1]",
        "parity/test_regression.py",
    ),
    Bug(
        "a slot is free twice",
        f"{TEMPLATES}/lib/queue.v.j2",
        "else if (pop & ~reserve)",
        "else if (pop)",
        "parity/test_regression.py",
    ),
    Bug(
        "a beat to the synapses is not held",
        f"{TEMPLATES}/lib/fanout.v.j2",
        "wire move = ~valid_reg | beat_ready;",
        "wire move = 1'b1;",
        "parity/test_layer.py",
    ),
    Bug(
        "of a timestep two beats are kept",
        f"{TEMPLATES}/lib/store.v.j2",
        "assign event_ready = ~(full_reg & same);",
        "assign event_ready = ~(stored & valid_reg);",
        "prove/test_store.py parity/test_layer.py",
    ),
    Bug(
        "a stream that waits for another is not kept",
        f"{RTL}/graph.py",
        'getattr(node.block, "behind", {})',
        "{}",
        "rtl/test_order.py",
    ),
    Bug(
        "a consolidating timestep moves the weight",
        f"{TEMPLATES}/lib/weight.v.j2",
        "? weight_old : weight_clipped;",
        "? weight_clipped : weight_clipped;",
        "parity/test_regression.py",
    ),
    Bug(
        "a reset leaves a command half taken",
        f"{TEMPLATES}/engine.v.j2",
        "      state_reg <= IDLE;\n      clearing_reg <= 1'b0;",
        "      clearing_reg <= 1'b0;",
        "parity/test_regression.py",
    ),
    # Testbench
    Bug(
        "the scoreboard raises nothing",
        "sim/sc_hw_sim/scoreboard.py",
        "        if first:\n",
        "        if first and False:\n",
        "parity/test_sim.py",
    ),
    Bug(
        "a beat that changes while it waits is not told",
        "sim/sc_hw_sim/bench.py",
        'changed while waiting", 0, stream.unstable)',
        'changed while waiting", 0, 0)',
        "parity/test_sim.py",
    ),
    # Proof
    Bug(
        "a pin on another clock is sound",
        "sc_hw/proof/structure.py",
        '(clock is None or cell["connections"].get("clk") != clock)',
        "clock is None",
        "prove/test_structure.py",
    ),
    Bug(
        "a parameter is not compared",
        "sc_hw/proof/structure.py",
        "if have != want:",
        "if have is None:",
        "prove/test_structure.py",
    ),
    Bug(
        "what is not proven discharges an assumption",
        "sc_hw/proof/ledger.py",
        'if o.verdict == "proven"}',
        'if o.verdict != "refuted"}',
        "prove/test_ledger.py",
    ),
    Bug(
        "a statement that fails is called unknown",
        "sc_hw/proof/induction.py",
        'if run.status == "fail" else set()',
        'if run.status == "failed" else set()',
        "prove/test_engine.py",
    ),
    # Synthesis, report, explore, train
    Bug(
        "memory that dissolves into registers is overlooked",
        "sc_hw/synth/synthesise.py",
        "left_to_registers=netlist.left_to_registers,",
        "left_to_registers=0,",
        "synth/test_synth.py",
    ),
    Bug(
        "a record of other files is good",
        "sc_hw/report/join.py",
        'if record["core_sha256"] != core.digest:',
        'if record["core_sha256"] == "":',
        "report",
    ),
    Bug(
        "a resumed sweep measures all again",
        "sc_hw/explore/run.py",
        "[task for task in tasks.values() if not self._store.get(task)]",
        "list(tasks.values())",
        "explore",
    ),
    Bug(
        "a resumed training forgets its tasks",
        "sc_hw/train/run.py",
        "for part in parts[: trainer.task]:",
        "for part in parts[:0]:",
        "train",
    ),
    # Command line
    Bug(
        "a signal is no longer in the status",
        "sc_hw/interrupt.py",
        "os._exit(128 + number)",
        "os._exit(1)",
        "cli/test_boundary.py",
    ),
    Bug(
        "a column that stands twice is taken",
        "sc_hw/columns.py",
        "cells.count(name) > 1",
        "cells.count(name) > 2",
        "cli/test_columns.py",
    ),
    Bug(
        "--force replaces a stranger's files",
        "sc_hw/folder.py",
        "if not regular or (path not in own and not _left_empty(path, own)):",
        "if not regular:",
        "cli/test_outputs.py",
    ),
)


def copied(folder: Path) -> Path:
    """Copy what git knows of the tree, as it is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def with_tests_of(folder: Path, commit: str) -> Path:
    """Replace the tests in a copy by those of a commit."""
    packed = subprocess.run(["git", "archive", commit, "tests"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["rm", "-r", "tests"], cwd=folder, check=True)
    subprocess.run(["tar", "-x"], cwd=folder, input=packed, check=True)
    return folder


def first_failure(tree: Path, tests: str, cache: Path) -> str:
    """Return the first test that fails, nothing if all pass. Errors: ``RuntimeError`` when they do not run."""
    environment = {
        **os.environ,
        "SC_HW_CACHE": str(cache),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(str(tree / place) for place in (".", "models", "sim")),
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *(f"tests/{test}" for test in tests.split())]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
    found = re.search(r"^(?:FAILED|ERROR) tests/(\S.*?)(?: - |$)", done.stdout, re.MULTILINE)
    if done.returncode and not found:
        raise RuntimeError(done.stdout[-3000:])
    return found[1] if found else ""


def main() -> int:
    """Plant each bug, run the tests, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, help="the page to write")
    parser.add_argument("--before", metavar="COMMIT", help="also run the tests of this commit")
    parser.add_argument("--only", default="", help="bugs whose text has this in it")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="add to what earlier runs found, as JSON, and do not run it again"
    )
    options = parser.parse_args()
    done: Outcomes = json.loads(options.keep.read_text()) if options.keep and options.keep.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        share_compiled(Path(name) / "cache")
        trees = {"now": copied(Path(name) / "now")}
        if options.before:
            trees = {"before": with_tests_of(copied(Path(name) / "before"), options.before), **trees}
        for bug in (bug for bug in BUGS if options.only in bug.what):
            caught = done.setdefault(bug.what, {})
            for title, tree in trees.items():
                if title in caught:
                    continue
                path = tree / bug.file
                text = path.read_text()
                if text.count(bug.old) != 1:
                    raise RuntimeError(
                        f"{bug.file}: {bug.old!r} is there {text.count(bug.old)} times; mend tests/planted_bugs.py"
                    )
                path.write_text(text.replace(bug.old, bug.new))
                caught[title] = [
                    first_failure(tree, bug.tests, Path(name) / "cache"),
                    options.before if title == "before" else "",
                ]
                path.write_text(text)
                print(bug.what, title, caught[title][0] or "missed", sep=" | ", flush=True)
                if options.keep:
                    options.keep.write_text(json.dumps(done, indent=1))
                if options.output:  # after each: what was run is told, and what was not
                    options.output.write_text(page(done))
    print(verdict(done))
    return 0 if all(row["now"][0] for row in done.values() if "now" in row) else 1


def verdict(done: Outcomes) -> str:
    """Return how many bugs are caught, and which were not tried."""
    tried = [row["now"][0] for row in done.values() if "now" in row]
    left = [bug.what for bug in BUGS if "now" not in done.get(bug.what, {})]
    text = f"{sum(map(bool, tried))} of {len(tried)} planted bugs fail `make test`."
    return f"{text} Not run, out of {len(BUGS)}: {'; '.join(left)}." if left else text


def page(done: Outcomes) -> str:
    """Return the page: of each bug the first test that fails, before a change of the tests and now."""

    def cell(outcome: list[str] | None) -> str:
        if outcome is None:
            return "not run"
        test, commit = outcome
        return (f"`{test}`" if test else "**missed**") + (f" ({commit})" if commit else "")

    rows = [
        [bug.what, bug.file, *(cell(done[bug.what].get(title)) for title in ("before", "now"))]
        for bug in BUGS
        if bug.what in done
    ]
    table = [
        f"| {' | '.join(row)} |" for row in (["bug", "in", "caught by, before (tests of)", "caught by, now"], ["---"] * 4, *rows)
    ]
    return "\n".join(["# Planted bugs", "", _PAGE, "", verdict(done), "", *table, ""])


_PAGE = """\
`make planted` plants each of these into a copy of the tree and runs the tests of its room as `make test` does, until the first
one fails. A change of the tests adds `--before COMMIT`, which runs the tests of that commit too: nothing that was caught may be
missed afterwards."""


if __name__ == "__main__":
    sys.exit(main())
