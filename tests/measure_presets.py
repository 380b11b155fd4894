"""Prove or mutate a core of every preset, both generators, and write one table.

Run from the root of the repository: python -m tests.measure_presets prove|mutate [-o FILE.md]
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from sc_hw.rtl.emit import GENERATORS
from sc_hw_models.registry import RULES, get_rule

_SHAPES = {"prove": ("--synapses", "1024"), "mutate": ("--synapses", "19", "--lanes", "2")}
_TITLES = {
    "prove": ["obligations", "proven", "yices s", "bitwuzla s", "slowest obligation of the lane", "wall s"],
    "mutate": ["mutants", "killed by simulation", "killed by proof", "equivalent by proof", "gap", "s"],
}


def _run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "sc_hw", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _proof(record: dict[str, Any]) -> list[object]:
    """Return a row; statements of the engine and of its covers are one question each, so their time counts once."""
    obligations = record["obligations"]
    seconds: Counter[str] = Counter()
    for solver, time in {(a["solver"], a["seconds"]) for o in obligations if _in_engine(o) for a in o["answers"]}:
        seconds[solver] += time
    for answer in (a for o in obligations if not _in_engine(o) for a in o["answers"]):
        seconds[answer["solver"]] += answer["seconds"]
    slowest = max((o for o in obligations if not _in_engine(o)), key=lambda o: o["seconds"])
    proven = sum(o["verdict"] == "proven" for o in obligations)
    return [len(obligations), proven, f"{seconds['yices']:.1f}", f"{seconds['bitwuzla']:.1f}",
            f"{slowest['name']} {slowest['seconds']:.1f} s", f"{record['seconds']:.0f}"]  # fmt: skip


def _in_engine(obligation: dict[str, Any]) -> bool:
    return obligation["name"].startswith(("engine", "inside", "cover"))


def _mutation(record: dict[str, Any]) -> list[object]:
    mutants = record["mutants"]
    proofs = Counter(m["proof"] for m in mutants)
    killed = sum(m["simulation"] == "killed" for m in mutants)
    return [len(mutants), killed, proofs["killed"], proofs["equivalent"], sum(bool(m["gap"]) for m in mutants),
            f"{record['seconds']:.0f}"]  # fmt: skip


@click.command()
@click.argument("verb", type=click.Choice(list(_SHAPES)))
@click.option("--count", default=200, show_default=True, help="Mutants of each core.")
@click.option("--seed", default=1, show_default=True, help="Of the mutants.")
@click.option("--timeout", default=60, show_default=True, help="Seconds for each question of a proof.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table as Markdown.")
def main(verb: str, count: int, seed: int, timeout: int, output: Path | None) -> None:
    """Go through all presets; exit status 1 when one is not proven or has a gap. Cores and records stay in build/presets."""
    rows, failed, tools = [], [], {}
    for rule in RULES:
        for preset in get_rule(rule).presets:
            for generator in GENERATORS:
                folder = Path("build/presets") / verb / f"{rule}_{preset}_{generator}"
                settings = ["--rule", rule, "--preset", preset, "--generator", generator, *_SHAPES[verb]]
                status, said = _run("emit", *settings, "--output", str(folder), "--force")
                if status:
                    sys.exit(said)
                options = ["--count", str(count), "--seed", str(seed)] if verb == "mutate" else []
                status, said = _run(verb, str(folder), "--timeout", str(timeout), *options)
                verdict = said.strip().splitlines()[-1] if status == 0 else said.strip()
                print(f"{rule} {preset} {generator}: {verdict}", flush=True)
                failed += [settings] if status else []
                if status <= 1:
                    record = json.loads((folder / "results" / f"{verb}.json").read_text(encoding="utf-8"))
                    tools |= record["tools"]
                    rows.append([rule, preset, generator, *(_proof if verb == "prove" else _mutation)(record)])
    lines = [" | ".join(["rule", "preset", "generator", *_TITLES[verb]]), "---|" * (3 + len(_TITLES[verb]))]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    used = ", ".join(f"{name} {version}" for name, version in sorted(tools.items()))
    text = "\n".join(f"| {line} |" if "---" not in line else f"|{line}" for line in lines)
    if output:
        command = " ".join(["python -m tests.measure_presets", *sys.argv[1:]])
        output.write_text(
            f"# Every preset: {verb}\n\n    {command}\n\n{used}; {' '.join(_SHAPES[verb])}.\n\n{text}\n", encoding="utf-8"
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
