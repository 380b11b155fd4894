"""Mutate a layer and a crossbar as wholes, both generators, and write one table: ``python -m tests.measure_wholes``."""

import json
import sys
from pathlib import Path

import click

from sc_hw.rtl.emit import GENERATORS
from tests.measure_presets import TITLES, page, run_verb, tabled

WHOLES = {
    "layer": ("--rule", "three_factor", "--presynaptic", "stp", "--neurons", "6", "--synapses", "24"),
    "crossbar": ("--pre", "5", "--post", "6", "--lanes", "2"),
}
FOLDER = Path("build/wholes")


@click.command()
@click.option("--count", default=200, show_default=True, help="Mutants of each kind.")
@click.option("--seed", default=1, show_default=True, help="Of the mutants.")
@click.option("--only", type=click.Choice(list(WHOLES)), help="This whole alone; the table has what was measured before.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table as Markdown.")
def main(count: int, seed: int, only: str | None, output: Path | None) -> None:
    """Exit status 1 when one does not pass. Faults at all their instances are drawn too; records stay in build/wholes."""
    failed, rows, tools, gaps = 0, [], {}, ""
    for whole, generator in ((whole, generator) for whole in WHOLES for generator in GENERATORS):
        folder = FOLDER / f"{whole}_{generator}"
        if only in (None, whole):
            status, said = run_verb("emit", *WHOLES[whole], "--generator", generator, "-o", str(folder), "--force")
            if not status:
                status, said = run_verb("mutate", str(folder), "--timeout", "400", "--count", str(count), "--seed", str(seed))
            print(f"{whole} {generator}: {said.strip() if status else said.strip().splitlines()[-1]}", flush=True)
            failed += bool(status)
        path = folder / "results" / "mutate.json"
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
            tools |= record["tools"]
            rows.append([whole, generator, *tabled(record)])
            for mutant in (one for one in record["mutants"] if one["gap"]):
                gaps += f"\n{whole}, {generator}: `{mutant['text']}`: {mutant['gap']}; {mutant['proof']}, {mutant['evidence']}.\n"
    if output:
        command = " ".join(["python -m tests.measure_wholes", *sys.argv[1:]])
        shape = "; ".join(f"{whole}: {' '.join(options)}" for whole, options in WHOLES.items())
        head = ["whole", "generator", *TITLES["mutate"]]
        output.write_text(page("Mutants of wholes", command, tools, shape, [head, *rows]) + gaps, encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
