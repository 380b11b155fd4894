"""Prove or mutate a core of every preset, both generators, and write one table.

Run from the root of the repository: python -m tests.measure_presets prove|mutate [-o FILE.md]
"""

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

from sc_hw.manifest import Core, load_core
from sc_hw.rtl.emit import GENERATORS
from sc_hw_models.registry import RULES, get_rule

_SHAPES = {"prove": ("--synapses", "1024"), "mutate": ("--synapses", "19", "--lanes", "2")}
_TIMEOUTS = {"prove": 60, "mutate": 400}  # a mutant of a multiplier is a harder question than the lane it was made of
_NOTES = {
    "prove": "",
    "mutate": """
Mutants are of three kinds: bits, registers in a reset, and faults at instances (pins, parameters, modules, contents, one-clock
corners). Seconds are of a machine that did other things. What the proof refutes and no simulation kills shows so rarely that
only the proof is asked.
""",
}
TITLES = {
    "prove": ["obligations", "proven", "yices s", "bitwuzla s", "slowest obligation of the lane", "wall s"],
    "mutate": ["mutants", "killed by simulation", "refuted by the theorem", "only differs", "equivalent", "gap", "s"],
}


def run_verb(*arguments: str) -> tuple[int, str]:
    """Return the status of a verb in a process of its own, and what it said."""
    done = subprocess.run([sys.executable, "-m", "sc_hw", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr + done.stdout


def _proof(record: dict[str, Any]) -> list[object]:
    """Return a row; statements of the engine and of its covers are one question each, so their time counts once."""
    obligations = record["obligations"]
    seconds: Counter[str] = Counter()
    for solver, time in {(a["solver"], a["seconds"]) for o in obligations if _in_engine(o) for a in o["answers"]}:
        seconds[solver] += time
    for answer in (a for o in obligations if not _in_engine(o) for a in o["answers"]):
        seconds[answer["solver"]] += answer["seconds"]
    slowest = max((o for o in obligations if not _in_engine(o) and o["name"] not in _OF_NO_LANE), key=lambda o: o["seconds"])
    proven = sum(o["verdict"] == "proven" for o in obligations)
    return [
        len(obligations),
        proven,
        f"{seconds['yices']:.1f}",
        f"{seconds['bitwuzla']:.1f}",
        f"{slowest['name']} {slowest['seconds']:.1f} s",
        f"{record['seconds']:.0f}",
    ]


_OF_NO_LANE = ("structure", "defined", "campaign", "ledger")


def _in_engine(obligation: dict[str, Any]) -> bool:
    return obligation["name"].startswith(("engine", "inside", "cover"))


def tabled(record: dict[str, Any]) -> list[object]:
    """Return the cells of a record of mutate: what ``TITLES`` says."""
    mutants = record["mutants"]
    proofs = Counter(m["proof"] for m in mutants)
    killed = sum(m["simulation"] == "killed" for m in mutants)
    said = [proofs[verdict] for verdict in ("refuted", "differs", "equivalent")]
    return [len(mutants), killed, *said, sum(bool(m["gap"]) for m in mutants), f"{record['seconds']:.0f}"]


def _folder(verb: str, rule: str, preset: str, generator: str) -> Path:
    return Path("build/presets") / verb / f"{rule}_{preset}_{generator}"


def _table(verb: str, command: str) -> str:
    """Return the page of all cores that have a record."""
    rows, tools = [["rule", "preset", "generator", *TITLES[verb]]], {}
    for core in itertools.product(RULES, GENERATORS):
        for preset in get_rule(core[0]).presets:
            name = core[0], preset, core[1]
            path = _folder(verb, *name) / "results" / f"{verb}.json"
            if path.is_file():
                record = json.loads(path.read_text(encoding="utf-8"))
                tools |= record["tools"]
                rows.append([*name, *(_proof if verb == "prove" else tabled)(record)])
    shape = f"cores emitted with {' '.join(_SHAPES[verb])}"
    return page(f"Every preset: {verb}", command, tools, shape, rows) + _NOTES[verb]


def page(title: str, command: str, tools: dict[str, str], shape: str, rows: list[list[object]]) -> str:
    """Return a page: the command, the tools, the shape of what was measured, and a table, whose first row is its head."""
    used = ", ".join(f"{name} {version}" for name, version in sorted(tools.items()))
    head, *others = rows
    lines = "".join(f"| {' | '.join(map(str, row))} |\n" for row in (head, ["---"] * len(head), *others))
    return f"# {title}\n\n    {command}\n\n{used}; {shape}.\n\n{lines}"


@click.command()
@click.argument("verb", type=click.Choice(list(_SHAPES)))
@click.option("--rule", "rules", type=click.Choice(list(RULES)), multiple=True, default=list(RULES), help="Only this one.")
@click.option(
    "--generator",
    "generators",
    type=click.Choice(list(GENERATORS)),
    multiple=True,
    default=list(GENERATORS),
    help="Only this one.",
)
@click.option("--count", default=200, show_default=True, help="Mutants of the core of each default preset.")
@click.option("--others", default=100, show_default=True, help="Mutants of each other core.")
@click.option("--seed", default=1, show_default=True, help="Of the mutants.")
@click.option("--timeout", type=int, help=f"Seconds for each question of a proof; by default {_TIMEOUTS}.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table of all records there are as Markdown.")
def main(
    verb: str,
    rules: tuple[str, ...],
    generators: tuple[str, ...],
    count: int,
    others: int,
    seed: int,
    timeout: int | None,
    output: Path | None,
) -> None:
    """Go through all presets; exit status 1 when one is not proven or has a gap. Cores and records stay in build/presets.

    A core that passed with the same Verilog and as many mutants is not measured again, so an interrupted run goes on.
    """
    failed = 0
    for rule, generator in itertools.product(rules, generators):
        for preset in get_rule(rule).presets:
            folder = _folder(verb, rule, preset, generator)
            mutants = count if preset == "default" else others
            options = ["--count", str(mutants), "--seed", str(seed)] if verb == "mutate" else []
            settings = ["--rule", rule, "--preset", preset, "--generator", generator, *_SHAPES[verb]]
            with tempfile.TemporaryDirectory(prefix="sc-hw-") as name:
                emitted = Path(name) / "core"
                status, said = run_verb("emit", *settings, "--output", str(emitted))
                if not status and _passed(folder, verb, load_core(emitted), mutants, seed):
                    said = "passed before"
                elif not status:
                    shutil.rmtree(folder, ignore_errors=True)
                    shutil.copytree(emitted, folder)
                    status, said = run_verb(verb, str(folder), "--timeout", str(timeout or _TIMEOUTS[verb]), *options)
            print(f"{rule} {preset} {generator}: {said.strip() if status else said.strip().splitlines()[-1]}", flush=True)
            failed += bool(status)
    if output:
        output.write_text(_table(verb, " ".join(["python -m tests.measure_presets", *sys.argv[1:]])), encoding="utf-8")
    sys.exit(1 if failed else 0)


def _passed(folder: Path, verb: str, core: Core, mutants: int, seed: int) -> bool:
    """Return whether a record says that this Verilog passed, of mutants with as many from the same seed."""
    path = folder / "results" / f"{verb}.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"verdict": "none"}
    enough = record.get("count", mutants) >= mutants and record.get("seed", seed) == seed
    kept = {file.name: file.read_bytes() for file in folder.glob("*.v")}
    return bool(enough and record["verdict"] == "pass" and kept == {file.name: file.read_bytes() for file in core.sources})


if __name__ == "__main__":
    main()
