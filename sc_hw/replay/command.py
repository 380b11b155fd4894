"""The verb ``replay``: a counterexample of a proof, simulated on the lane it refutes, told and recorded."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from ..proof.command import COUNTEREXAMPLE
from ..run import begin
from ..toolchain import compiler, verilator
from .run import read_counterexample, simulate_run

__all__ = ["replay_command"]


def replay_command(
    folder: Path, path: Path | None, json_path: Path | None, echo: Callable[[str], None], note: Callable[[str], None]
) -> int:
    """Replay a counterexample of an emitted folder; return 1 when the simulated lane differs from the model, else 0."""
    with begin("replay", folder) as run:
        core = run.core
        record, lane = read_counterexample(path or core.folder / "results" / "prove" / COUNTEREXAMPLE, core)
        place = record.get("part", "")
        note(f"building the lane{' of ' * bool(place)}{place}")
        replay = simulate_run(lane, record["run"], run.files)
        wrong, waves = replay.wrong, run.settled(replay.waves)
        name = f"{core.design.name}, part {place}" if place else core.design.name
        run.publish(
            [
                {
                    "verb": "replay",
                    "verdict": "fail" if wrong else "pass",
                    "obligation": record["obligation"],
                    **({"part": place} if place else {}),
                    "state": replay.golden.state,
                    "inputs": replay.golden.inputs,
                    "expected": replay.golden.values,
                    "found": replay.found,
                    "as_proven": replay.found == record["found"],
                    "waves": str(waves),
                    "log": str(run.settled(replay.log)),
                    "tools": {"verilator": verilator().version, "cocotb": version("cocotb"), "compiler": compiler().version},
                }
            ],
            json_path,
        )
    if not wrong:
        echo(f"PASS {name}: the lane does what the model does in this run of {len(record['run'])} clocks; waveform {waves}")
        return 0
    echo(f"FAIL {name}: {record['obligation']} refuted")
    for title, values in (("state", replay.golden.state), ("inputs", replay.golden.inputs)):
        if values:
            echo(f"  {title:9}" + ", ".join(f"{n} = {v}" for n, v in values.items()))
    for port in wrong:
        echo(f"  {port} expected {replay.golden.values[port]}, found {replay.found[port]}")
    same = "the values" if replay.found == record["found"] else "NOT the values"
    echo(f"{same} that sc-hw prove gave; waveform {waves}")
    return 1
