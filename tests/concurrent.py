"""Two runs of a verb on one folder at once, round after round: ``python -m tests.concurrent FOLDER [--rounds 20] [VERB...]``.

Each of two requests first runs alone. Then both run at once: each must say what it said alone, and what is left in the folder
must be one of the two, whole. ``report`` joins in, so that the reader of the records is tried as well.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.selftest.run import LONGER
from sc_hw_models.registry import get_rule

__all__ = ["REQUESTS", "Pair", "prepare", "rounds"]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two requests of one verb as options, the exit status of a good run, and whether the core is wrong on purpose.

    ``seeds``: how far the seeds of a run's simulations lie above the seed of its request. ``verb``: where it is not the key.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    status: int = 0
    broken: bool = False
    seeds: tuple[int, ...] = (0,)
    verb: str = ""


REQUESTS = {
    "sim": Pair(first=("--steps", "60", "--seed", "1"), second=("--steps", "120", "--seed", "2")),
    "selftest": Pair(
        first=("--steps", "200", "--seed", "1"), second=("--steps", "260", "--seed", "2"), seeds=(0, LONGER - 1)
    ),  # what is not caught at first runs longer, from another seed
    "coverage": Pair(
        verb="sim", first=("--coverage", "--steps", "900", "--seed", "1"), second=("--coverage", "--steps", "990", "--seed", "2")
    ),
    "prove": Pair(first=("--part", "datapath", "--solver", "yices"), second=("--part", "datapath", "--solver", "bitwuzla")),
    "mutate": Pair(first=("--count", "2", "--seed", "1"), second=("--count", "3", "--seed", "2")),
    "synth": Pair(first=("--module", "lane", "--target", "ecp5-25k"), second=("--module", "lane", "--target", "ice40-up5k")),
    "replay": Pair(first=("{counterexample}",), second=(), status=1, broken=True),
    "pnr": Pair(
        first=("--module", "lane", "--target", "ice40-up5k", "--seeds", "1"),
        second=("--module", "lane", "--target", "ice40-up5k", "--seeds", "2"),
    ),
    "accuracy": Pair(first=("--seeds", "1"), second=("--seeds", "2")),
    "report": Pair(first=(), second=("--output", "{page}"), status=1),  # its records are of short runs
}
_CHANGING = re.compile(r"(.*seconds|finished|command|cached|clocks_a_second)$")
_GOOD, _BAD = "assign next_weight = weight_7;", "assign next_weight = weight_7 ^ {15'd0, next_pre_trace[0]};"


def _verb(name: str) -> str:
    return REQUESTS[name].verb or name


def prepare(folder: Path, verb: str) -> Path:
    """Emit the core that a verb's requests are about and return its folder, which has all they need."""
    rule = get_rule("r_stdp")
    design = CoreDesign(name="dut", rule=rule, config=rule.config_type(), synapses=8, lanes=1)
    core = emit(design, "verilog", folder / verb, force=True)
    if REQUESTS[verb].broken:
        path = core / "dut_datapath.v"
        text = path.read_text()
        assert _GOOD in text
        path.write_text(text.replace(_GOOD, _BAD))
        _alone(core, "prove", ("--part", "datapath"), 1)
        found = core / "results" / "prove" / "counterexample.json"
        (folder / "counterexample.json").write_bytes(found.read_bytes())
    if verb == "report":
        _alone(core, "sim", ("--steps", "5"), 0)
    return core


def _start(core: Path, verb: str, options: Sequence[str], record: Path | None) -> "subprocess.Popen[str]":
    given = [text.format(counterexample=core.parent / "counterexample.json", page=core.parent / "page.html") for text in options]
    json_options = ["--json", str(record)] if record else []
    return subprocess.Popen(
        [sys.executable, "-m", "sc_hw", _verb(verb), str(core), *given, *json_options],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "200"},
    )


def _alone(core: Path, verb: str, options: Sequence[str], status: int) -> None:
    with _start(core, verb, options, None) as process:
        out, err = process.communicate()
    assert process.returncode == status, out + err


def _lasting(record: Any) -> Any:
    """Return a record without what differs between two runs of one request."""
    if isinstance(record, dict):
        return {name: _lasting(value) for name, value in record.items() if not _CHANGING.match(name)}
    return [_lasting(value) for value in record] if isinstance(record, list) else record


def _run(core: Path, verb: str, requests: Sequence[tuple[str, ...]], status: int) -> tuple[list[Any], int]:
    """Run requests at once; return their records and how many waited."""
    files = [core.parent / f"{verb}-{k}.json" for k in range(len(requests))]
    for file in files:
        file.unlink(missing_ok=True)
    running = [_start(core, verb, options, file) for options, file in zip(requests, files, strict=True)]
    waited = 0
    for process, options in zip(running, requests, strict=True):
        out, err = process.communicate()
        text = f"{verb} {' '.join(options)}: exit status {process.returncode}\n{out}{err}"
        assert process.returncode == status, text
        assert "Traceback" not in err, text
        assert err.count("another sc-hw works on it; waiting for its end\n") <= 1, text
        waited += "waiting for its end" in err
    return [_lasting(json.loads(file.read_text())) for file in files], waited


def rounds(verb: str, count: int, folder: Path) -> int:
    """Do so many rounds of a verb in ``folder``; return how many runs waited. Errors: ``AssertionError`` says what is wrong."""
    pair, core = REQUESTS[verb], prepare(folder, verb)
    digest, requests, waited = load_core(core).digest, (pair.first, pair.second), 0
    alone = [_run(core, verb, [options], pair.status)[0][0] for options in requests]
    for number in range(count):
        order = (0, 1) if number % 2 else (1, 0)
        found, late = _run(core, verb, [requests[k] for k in order], pair.status)
        waited += late
        for k, record in zip(order, found, strict=True):
            assert record == alone[k], f"round {number}, {verb} {requests[k]}: {record} instead of {alone[k]}"
        left = sorted(path.name for path in (core / "results").iterdir())
        assert not [name for name in left if name.startswith(".")], left
        if verb != "report":
            kept = json.loads((core / "results" / f"{_verb(verb)}.json").read_text())
            assert kept["core_sha256"] == digest
            assert _lasting(kept) in alone, f"round {number}, {verb}: {kept}"
            plan = core / "results" / _verb(verb) / "plan.json"
            if plan.is_file():
                asked = [kept["seed"], *(r["seed"] for r in kept.get("rounds", ()))]
                assert json.loads(plan.read_text())["seed"] in [seed + far for seed in asked for far in pair.seeds]
    return waited


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("verbs", nargs="*", default=list(REQUESTS), metavar="VERB")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for verb in arguments.verbs:
        start = time.monotonic()
        waited = rounds(verb, arguments.rounds, arguments.folder)
        print(
            f"{verb}: {arguments.rounds} rounds of two at once, every record as alone, {waited} waited, "
            f"{time.monotonic() - start:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    _main()
