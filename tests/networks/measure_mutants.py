"""Mutate the small network and an example, and write one table: ``python -m tests.networks.measure_mutants``."""

import json
import sys
from pathlib import Path

import click

from tests.measure_presets import run_verb, tabled

NETWORKS = {"small": Path("tests/networks/small.toml"), "digits": Path("examples/networks/digits.toml")}
FOLDER = Path("build/network_mutants")
HEAD = ("network", "mutants", "killed by simulation", "refuted by the theorem", "only differs", "equivalent", "gap", "s")


@click.command()
@click.option("--count", default=200, show_default=True, help="Mutants of each kind.")
@click.option("--seed", default=1, show_default=True, help="Of the mutants.")
@click.option("--timeout", default=60, show_default=True, help="Seconds of a question.")
@click.option("--only", type=click.Choice(list(NETWORKS)), help="This network alone; the table has what was measured before.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table as Markdown.")
def main(count: int, seed: int, timeout: int, only: str | None, output: Path | None) -> None:
    """Exit status 1 when a gap is not empty; records stay in build/network_mutants."""
    failed, rows, tools = 0, [], {}
    for name, file in NETWORKS.items():
        folder = FOLDER / name
        if only in (None, name):
            status, said = run_verb("emit", "--network", str(file), "-o", str(folder), "--force")
            if not status:
                options = ("--timeout", str(timeout), "--count", str(count), "--seed", str(seed))
                status, said = run_verb("mutate", str(folder), *options)
            print(f"{name}: {said.strip() if status else said.strip().splitlines()[-1]}", flush=True)
            failed += bool(status)
        path = folder / "results" / "mutate.json"
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
            tools |= record["tools"]
            rows.append([name, *tabled(record)])
    if output:
        command = " ".join(["python -m tests.networks.measure_mutants", *sys.argv[1:]])
        lines = "".join(f"| {' | '.join(map(str, row))} |\n" for row in (HEAD, ["---"] * len(HEAD), *rows))
        used = ", ".join(f"{tool} {number}" for tool, number in sorted(tools.items()))
        output.write_text(f"# Mutants of networks\n\n    {command}\n\n{used}.\n\n{lines}", encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
