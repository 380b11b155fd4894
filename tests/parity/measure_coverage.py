"""Measure the coverage of the parity regression's corners, both generators, and write the merged table.

Run from the root of the repository: python -m tests.parity.measure_coverage [-o FILE.md] [--json FILE]
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click
from rich.console import Console

from sc_hw.coverage.command import PROOF_SECONDS, print_coverage
from sc_hw.coverage.reach import PROVEN
from sc_hw.coverage.report import coverage_of, merge
from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.sim.simulate import simulate

from .configurations import GROUP, covered


@click.command()
@click.option("--timesteps", default=400, show_default=True, help="Timesteps of each core of 64 synapses or more.")
@click.option("--updates", default=1 << 17, show_default=True, help="Synapse-steps of each smaller core.")
@click.option("--seed", default=20261122, show_default=True)
@click.option("--first", default=0, help="Only the corners from this one ...")
@click.option("--count", default=1000, help="... and so many.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), default=Path("build/coverage.json"), show_default=True)
def main(timesteps: int, updates: int, seed: int, first: int, count: int, json_path: Path) -> None:
    """Run the corners with coverage; exit status 1 when a point is neither reached nor proven unreachable."""
    chosen = list(enumerate(covered()))[first : first + count]
    records = []
    for start in range(0, len(chosen), GROUP):
        with tempfile.TemporaryDirectory(prefix="sc-hw-") as folder:
            cores = []
            for index, configuration in chosen[start : start + GROUP]:
                for generator in GENERATORS:
                    design = configuration.design(f"c{index}{generator[0]}")
                    cores.append(load_core(emit(design, generator, Path(folder) / design.name)))
                print(f"c{index}: {configuration.label}", flush=True)
            steps = [max(timesteps, updates // core.design.synapses) for core in cores]
            result = simulate(cores, steps=steps, seed=seed, output=Path(folder) / "sim", coverage=True)
            print(f"{result.build_seconds:.0f} s built, {result.run_seconds:.0f} s simulated", flush=True)
            if not result.passed:
                sys.exit(f"seed {seed}: a core differs from its model; see make sim")
            records += coverage_of(cores, result, seconds=PROOF_SECONDS, note=lambda text: print(text, flush=True))
    merged = merge(records) | {"seed": seed}
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    print_coverage(merged, Console(width=130))
    reasons = Counter((entry["kind"], entry["verdict"], entry["reason"]) for entry in merged["unreached"])
    for (kind, verdict, reason), number in sorted(reasons.items()):
        if verdict == PROVEN:
            print(f"{number:6} {kind}: {verdict}: {reason}")
    print(f"seed {seed}; record {json_path}")
    sys.exit(1 if merged["gaps"] else 0)


if __name__ == "__main__":
    main()
