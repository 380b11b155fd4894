"""Simulate and prove faults by hand in cores, a layer and crossbars of both generators, and write one table.

All are simulated. What two cores have alike, or two crossbars, is proven in one of them, in turn.
Run from the root of the repository: python -m tests.measure_faults [-o FILE.md] [--share K/N]
"""

import hashlib
import json
import resource
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import sc_hw_sim
from sc_hw.coverage import moments
from sc_hw.errors import UserError
from sc_hw.manifest import Core, load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.rtl.layer import LayerDesign
from sc_hw.sim.simulate import simulate
from sc_hw_models.registry import get_rule

from .parity.corner_faults import HandFault, altered, edited, faults_by_hand

_STEPS = 200
_KEPT = Path("build/faults")
_PATIENCE = 30.0  # seconds of a question
_LIMIT = 60.0  # seconds on one core in which most that shows is refuted
_SHARE = 0.95  # of what shows
_TURNS = 4  # in which layers and crossbars are gone through, after the cores, so that a part of a run says something of each


def _designs() -> list[CoreDesign]:
    """Return one lane, several that queue, a layer, and crossbars with spikes as bits and by number."""
    stdp, stp, factors = (get_rule(name) for name in ("r_stdp", "stp", "three_factor"))
    noisy = stdp.config_type(rounding="stochastic")
    front = CoreDesign(name="layer_neurons", rule=stp, config=stp.config_type(), synapses=6, lanes=2)
    return [
        CoreDesign(name="one", rule=stdp, config=noisy, synapses=20),
        CoreDesign(name="many", rule=stdp, config=noisy, synapses=95, lanes=5, queued=True),
        LayerDesign(name="layer", rule=factors, config=factors.config_type(), synapses=24, lanes=2, presynaptic=front),
        CrossbarDesign.made("bits", stdp, stdp.config_type(eligibility_gain_shift=3), pre=5, post=4, lanes=2),
        CrossbarDesign.made("numbers", stdp, stdp.config_type(), pre=4, post=4, lanes=2, addressed=True),
    ]


def _selected(cores: list[Core]) -> list[list[HandFault]]:
    """Return which faults of each core are proven: what two cores, or both crossbars, have alike in one of the two, in turn."""
    chosen = []
    for core in cores:
        alike = [c for c in cores if len(c.parts) == len(core.parts)]
        owners: dict[str, list[Core]] = {}
        for other in alike:
            for fault in faults_by_hand(other):
                owners.setdefault(fault.name, []).append(other)
        turns = {name: mine[k % len(mine)] for k, (name, mine) in enumerate(owners.items())}
        chosen.append([fault for fault in faults_by_hand(core) if turns[fault.name] is core])
    return chosen


def _simulated(cores: list[Core], folder: Path) -> list[dict[str, str]]:
    """Return for each core, by the name of a fault, what simulation found, nothing where it found nothing; in one simulator."""
    faults = [faults_by_hand(core) for core in cores]
    planted = [edited(core, own, folder / f"{core.design.name}_faults") for core, own in zip(cores, faults, strict=True)]
    text = json.dumps([core.verilog_text for core in planted]).encode()
    sources = [*Path(sc_hw_sim.__file__).parent.iterdir(), *Path(moments.__file__).parent.rglob("*.py")]
    key = hashlib.sha256(b"".join([text, *(path.read_bytes() for path in sorted(sources) if path.is_file())])).hexdigest()[:16]
    record = _KEPT / f"simulated_{cores[0].manifest['generator']}_{key}.json"
    if record.is_file():
        found: list[dict[str, str]] = json.loads(record.read_text(encoding="utf-8"))
        return found
    most = max(len(own) for own in faults)
    result = simulate(planted, steps=_STEPS, seed=1, output=folder / "sim", faults=range(most + 1))
    rows = [result.cores[start : start + len(cores)] for start in range(0, len(result.cores), len(cores))]
    if any(outcome["mismatch"] for outcome in rows[0]):
        raise click.ClickException("a core without faults differs from its model")
    found = []
    for k, own in enumerate(faults):
        mismatches = [row[k]["mismatch"] for row in rows[1 : len(own) + 1]]
        found.append(
            {
                fault.name: mismatch["text"].splitlines()[0] if mismatch else ""
                for fault, mismatch in zip(own, mismatches, strict=True)
            }
        )
    record.write_text(json.dumps(found), encoding="utf-8")
    return found


def _processor() -> float:
    """Return the processor seconds of this process and of all that it started and that have ended."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _proved(core: Core, folder: Path) -> dict[str, Any]:
    """Return the verdict of the proof of a core, its seconds, by the clock and on one processor, and what decided it."""
    started, before = time.monotonic(), _processor()
    try:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            result = prove(core, [find_solver("yices")], timeout=_PATIENCE, parts=["lane", "engine"], traces=Path(scratch) / "t")
        deciding = next((o for o in result.obligations if o.verdict not in ("proven", "no cut", "skipped")), None)
        verdict, note = result.verdict, f"{deciding.name}: {deciding.note}" if deciding else ""
    except UserError as error:
        verdict, note = "refused", str(error)
    return {
        "verdict": verdict,
        "seconds": round(_processor() - before, 1),
        "wall": round(time.monotonic() - started, 1),
        "note": note.replace(str(folder), ""),
    }


def _record_of(core: Core, fault: HandFault, folder: Path) -> tuple[Path, Core, str]:
    """Return where the record of a fault is kept, the core that has it, and a digest of its Verilog."""
    changed = load_core(altered(core, fault, folder / "core"))
    digest = hashlib.sha256(json.dumps(changed.verilog_text).encode()).hexdigest()[:16]
    name = hashlib.sha256(fault.name.encode()).hexdigest()[:12]
    return _KEPT / f"{core.manifest['generator']}_{core.design.name}_{name}.json", changed, digest


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the table as Markdown.")
@click.option("--share", default="1/1", show_default=True, help="Prove only the faults K of every N, for runs side by side.")
@click.option("--again", type=float, help="Prove those again that took longer than so many seconds.")
@click.option("--kept", "only_kept", is_flag=True, help="Prove nothing: the table of the records that there are.")
def main(output: Path | None, share: str, again: float | None, *, only_kept: bool) -> None:
    """Go through all faults; exit status 1 when one that shows survives both, is proven, or too many take too long.

    A fault whose Verilog is that of a record is not proven again, so an interrupted run goes on; other records are removed.
    """
    part, parts = (int(number) for number in share.split("/"))
    _KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        emitted = {g: [load_core(emit(d, g, folder / g / d.name)) for d in _designs()] for g in GENERATORS}
        rows = [
            (core, fault)
            for cores in emitted.values()
            for core, faults in zip(cores, _selected(cores), strict=True)
            for fault in faults
        ]
        records: dict[int, dict[str, Any]] = {}
        kept: set[Path] = set()
        for number in sorted(range(len(rows)), key=lambda number: (bool(rows[number][0].parts), number % _TURNS)):
            core, fault = rows[number]
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                path, changed, digest = _record_of(core, fault, Path(scratch))
                old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
                current = old.get("digest") == digest
                kept.add(path)
                mine = not only_kept and number // _TURNS % parts == part - 1
                if not current and not mine:
                    continue
                if mine and (not current or (again and old["seconds"] > again)):
                    old = {"digest": digest, **_proved(changed, folder)}
                    path.write_text(json.dumps(old), encoding="utf-8")
                    click.echo(
                        f"{core.manifest['generator']} {core.design.name} {fault.name}: {old['verdict']} {old['seconds']} s"
                    )
            records[number] = (
                old | asdict(fault) | {"core": core.design.name, "generator": core.manifest["generator"], "fault": fault.name}
            )
        if parts > 1:
            return
        seen = {
            (g, core.design.name): found
            for g, cores in emitted.items()
            for core, found in zip(cores, _simulated(cores, folder / g), strict=True)
        }
    for record in records.values():
        record["simulation"] = seen[record["generator"], record["core"]][record["fault"]]
    _finish([record for _, record in sorted(records.items())], kept, output)


def _finish(records: list[dict[str, Any]], kept: set[Path], output: Path | None) -> None:
    """Remove other records, write the table, say what is wrong, and exit."""
    for path in set(_KEPT.glob("[!s]*.json")) - kept:
        path.unlink()
    wrong = [record for record in records if _wrong(record)]
    if output:
        output.write_text(_page(records), encoding="utf-8")
    for record in wrong:
        click.echo(f"WRONG {record['generator']} {record['core']} {record['fault']}: {record['verdict']}")
    visible = [record for record in records if not record["hidden"]]
    quick = sum(_caught(record) and record["seconds"] <= _LIMIT for record in visible)
    click.echo(f"{len(records)} faults, {len(visible)} of them visible, {quick} of these refuted in {_LIMIT:.0f} s on one core")
    raise SystemExit(1 if wrong or quick < _SHARE * len(visible) else 0)


def _caught(record: dict[str, Any]) -> bool:
    return record["verdict"] in ("refuted", "refused")


def _wrong(record: dict[str, Any]) -> bool:
    survives = not record["hidden"] and not record["simulation"] and not _caught(record)
    return survives or (bool(record["simulation"]) and (record["verdict"] == "proven" or bool(record["hidden"])))


def _page(records: list[dict[str, Any]]) -> str:
    """Return the page: how many of each design, then every fault."""
    head = "# Faults by hand, simulated and proven\n\n    python -m tests.measure_faults -o docs/measured/faults.md\n\n"
    head += (
        f"Each fault stands alone in an emitted folder; hidden ones cannot show. sim: found by {_STEPS} timesteps of the "
        f"campaign. prove: with yices, {_PATIENCE:.0f} s a question, lane and engine. Seconds are processor time of prove and of "
        "all that it starts, its campaign and the simulator's compiler among them: what it takes on one core that does nothing "
        "else. What two cores have alike, or two crossbars, is proven in one of them, in turn.\n\n"
    )
    titles = [
        "generator",
        "design",
        "faults",
        "visible",
        "sim finds",
        "prove refutes or refuses",
        f"in {_LIMIT:.0f} s",
        "proven, visible",
    ]
    lines = [f"| {' | '.join(titles)} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for generator, core in [*dict.fromkeys((r["generator"], r["core"]) for r in records), ("all", "all")]:
        own = [r for r in records if "all" in (generator, core) or (r["generator"], r["core"]) == (generator, core)]
        visible = [r for r in own if not r["hidden"]]
        caught = [r for r in visible if _caught(r)]
        quick = sum(r["seconds"] <= _LIMIT for r in caught)
        proven = sum(r["verdict"] == "proven" for r in visible)
        lines.append(
            f"| {generator} | {core} | {len(own)} | {len(visible)} | {sum(bool(r['simulation']) for r in visible)} | "
            f"{len(caught)} | {quick} | {proven} |"
        )
    lines += ["", "| generator | design | fault | sim | prove | seconds | by |", "|---|---|---|---|---|---:|---|"]
    for r in records:
        fault = r["fault"].replace("|", "\\|") + "".join(f" ({kind}: {r[kind]})" for kind in ("hidden", "rare") if r[kind])
        by = r["note"].partition(":")[0]
        lines.append(
            f"| {r['generator']} | {r['core']} | `{fault}` | {'found' if r['simulation'] else '-'} | {r['verdict']} | "
            f"{r['seconds']} | {by} |"
        )
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
