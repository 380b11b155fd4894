"""Simulate and prove every fault by hand in cores, a layer and crossbars of both generators, and write one table.

Run from the root of the repository: python -m tests.measure_faults [-o FILE.md] [--share K/N]
"""

import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sc_hw.errors import UserError
from sc_hw.manifest import Core, load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.rtl.layer import LayerDesign
from sc_hw.simulate import simulate
from sc_hw_models.registry import get_rule

from .parity.corner_faults import HandFault, altered, edited, faults_by_hand

_STEPS = 200
_KEPT = Path("build/faults")
_PATIENCE = 30.0  # seconds of a question


def _designs() -> list[CoreDesign]:
    """Return one lane, several that queue, a layer, and crossbars with spikes as bits and by number."""
    stdp, stp, factors = (get_rule(name) for name in ("r_stdp", "stp", "three_factor"))
    noisy = stdp.config_type(rounding="stochastic")
    front = CoreDesign(name="layer_neurons", rule=stp, config=stp.config_type(), synapses=6, lanes=2)
    return [
        CoreDesign(name="one", rule=stdp, config=noisy, synapses=20),
        CoreDesign(name="many", rule=stdp, config=noisy, synapses=30, lanes=5, queued=True),
        LayerDesign(name="layer", rule=factors, config=factors.config_type(), synapses=24, lanes=2, presynaptic=front),
        CrossbarDesign.made("bits", stdp, stdp.config_type(eligibility_gain_shift=3), pre=5, post=4, lanes=2),
        CrossbarDesign.made("numbers", stdp, stdp.config_type(), pre=4, post=4, lanes=2, addressed=True),
    ]


def _simulated(cores: list[Core], faults: list[list[HandFault]], folder: Path) -> list[list[str]]:
    """Return for each fault of each core what simulation found, nothing where it found nothing; all in one simulator."""
    planted = [edited(core, own, folder / f"{core.design.name}_faults", k)
               for k, (core, own) in enumerate(zip(cores, faults, strict=True))]  # fmt: skip
    most = max(len(own) for own in faults)
    result = simulate(planted, steps=_STEPS, seed=1, output=folder / "sim", faults=range(most + 1))
    rows = [result.cores[start : start + len(cores)] for start in range(0, len(result.cores), len(cores))]
    if any(outcome["mismatch"] for outcome in rows[0]):
        raise click.ClickException("a core without faults differs from its model")
    found = []
    for k, own in enumerate(faults):
        mismatches = [row[k]["mismatch"] for row in rows[1 : len(own) + 1]]
        found.append([mismatch["text"].splitlines()[0] if mismatch else "" for mismatch in mismatches])
    return found


def _proved(core: Core, fault: HandFault, folder: Path) -> dict[str, Any]:
    """Return the verdict of the proof of a core in which only this fault is, its seconds and what decided it."""
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            changed = load_core(altered(core, fault, Path(scratch) / "core"))
            result = prove(
                changed, [find_solver("yices")], timeout=_PATIENCE, parts=["lane", "engine"], traces=Path(scratch) / "t"
            )
        deciding = next((o for o in result.obligations if o.verdict not in ("proven", "no cut", "skipped")), None)
        verdict, note = result.verdict, f"{deciding.name}: {deciding.note}" if deciding else ""
    except UserError as error:
        verdict, note = "refused", str(error)
    return {"verdict": verdict, "seconds": round(time.monotonic() - started, 1), "note": note.replace(str(folder), "")}


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table of all records there are as Markdown.")
@click.option("--share", default="1/1", show_default=True, help="Only the faults K of every N, for a run in pieces.")
def main(output: Path | None, share: str) -> None:
    """Go through all faults; exit status 1 when a visible one survives both, or one that shows is proven."""
    part, parts = (int(number) for number in share.split("/"))
    _KEPT.mkdir(parents=True, exist_ok=True)
    for generator in GENERATORS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            cores = [load_core(emit(design, generator, folder / design.name)) for design in _designs()]
            faults = [[f for f in faults_by_hand(core) if "after" not in f.value] for core in cores]
            seen = _simulated(cores, faults, folder)
            rows = [(core, fault, how) for core, own, hows in zip(cores, faults, seen, strict=True)
                    for fault, how in zip(own, hows, strict=True)]  # fmt: skip
            for number, (core, fault, how) in enumerate(rows):
                path = _KEPT / f"{generator}_{core.design.name}_{number}.json"
                if number % parts != part - 1 or path.is_file():
                    continue
                record = asdict(fault) | {"core": core.design.name, "generator": generator, "fault": fault.name,
                                          "simulation": how, **_proved(core, fault, folder)}  # fmt: skip
                path.write_text(json.dumps(record), encoding="utf-8")
                click.echo(f"{generator} {core.design.name} {fault.name}: sim {'found' if how else '-'}, {record['verdict']} "
                           f"{record['seconds']} s")  # fmt: skip
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(_KEPT.glob("*.json"))]
    wrong = [record for record in records if _wrong(record)]
    if output:
        output.write_text(_page(records), encoding="utf-8")
    for record in wrong:
        click.echo(f"WRONG {record['generator']} {record['core']} {record['fault']}: {record['verdict']}")
    raise SystemExit(1 if wrong else 0)


def _wrong(record: dict[str, Any]) -> bool:
    caught = record["verdict"] in ("refuted", "refused")
    return (not record["hidden"] and not record["simulation"] and not caught) or (
        bool(record["simulation"]) and record["verdict"] == "proven"
    )


def _page(records: list[dict[str, Any]]) -> str:
    """Return the page: how many of each design, then every fault."""
    head = "# Faults by hand, simulated and proven\n\n    python -m tests.measure_faults -o docs/measured/faults.md\n\n"
    head += (
        "Each fault stands alone in an emitted folder; hidden ones cannot show. sim: found by 200 timesteps of the campaign. "
        "prove: with yices, 30 s a question, lane and engine.\n\n"
    )
    titles = ["generator", "design", "faults", "visible", "sim finds", "prove refutes or refuses", "in 60 s", "proven, visible"]
    lines = [f"| {' | '.join(titles)} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for generator, core in dict.fromkeys((r["generator"], r["core"]) for r in records):
        own = [r for r in records if (r["generator"], r["core"]) == (generator, core)]
        visible = [r for r in own if not r["hidden"]]
        caught = [r for r in visible if r["verdict"] in ("refuted", "refused")]
        quick = sum(r["seconds"] <= 60 for r in caught)
        proven = sum(r["verdict"] == "proven" for r in visible)
        lines.append(f"| {generator} | {core} | {len(own)} | {len(visible)} | {sum(bool(r['simulation']) for r in visible)} | "
                     f"{len(caught)} | {quick} | {proven} |")  # fmt: skip
    lines += ["", "| generator | design | fault | sim | prove | seconds | by |", "|---|---|---|---|---|---:|---|"]
    for r in records:
        fault = r["fault"].replace("|", "\\|") + (f" (hidden: {r['hidden']})" if r["hidden"] else "")
        by = r["note"].partition(":")[0]
        lines.append(f"| {r['generator']} | {r['core']} | `{fault}` | {'found' if r['simulation'] else '-'} | {r['verdict']} | "
                     f"{r['seconds']} | {by} |")  # fmt: skip
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
