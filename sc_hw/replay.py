"""The verb ``replay``: a counterexample of a proof, simulated on the lane it refutes, with a waveform."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import temporary_folder

from .errors import UserError
from .manifest import Core, load_core
from .proof.circuit import read_circuit
from .proof.command import COUNTEREXAMPLE
from .proof.run import RANDOM_REGISTER, Clock, Golden, golden, lane_inputs, shown
from .reading import read_json, reading
from .records import results_folder, working_folder, write_results
from .simulator import SimulationError, ccache_environment, log_tail, run_cocotb
from .toolchain import VERILATED_MAKE, compiler, make, perl, verilator

__all__ = ["Replay", "read_counterexample", "replay_command", "simulate_run"]

# Registers start at 0, as the proof's run does.
_ARGUMENTS = ("--no-timing", "-Wno-fatal", "-Wno-WIDTH", "-LDFLAGS", "-rdynamic", "--x-assign", "0", "--x-initial", "0",
              "--trace-vcd", "--trace-structs")  # fmt: skip
_MAKE = (*VERILATED_MAKE, "OPT_FAST=-O0")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the model makes of a run and what the simulated lane showed, by port; its log and waveform."""

    golden: Golden
    found: dict[str, int]
    log: Path
    waves: Path

    @property
    def wrong(self) -> list[str]:
        """The ports that differ from the model."""
        return [name for name, value in self.found.items() if value != self.golden.values[name]]


def read_counterexample(path: Path, core: Core) -> dict[str, Any]:
    """Return a counterexample that ``sc-hw prove`` wrote for ``core``.

    Errors: ``UserError`` for a file that is none, that is another configuration's, or that holds no run.
    """
    record = read_json(path, what="sc-hw prove writes a counterexample when it refutes")
    design, widths = core.design, {port.name: port.bits for port in lane_inputs(core.design)}
    with reading(path, what="give a file that sc-hw prove wrote", fault="not a counterexample"):
        made_for = {name: record[name] for name in ("core", "rule", "config")}
        run = list(record["run"])
        fits = all(
            clock.keys() == widths.keys() and all(isinstance(v, int) and 0 <= v < 1 << widths[n] for n, v in clock.items())
            for clock in run
        )
        str(record["obligation"]), dict(record["found"])
    if made_for != {"core": design.name, "rule": design.rule.name, "config": dataclasses.asdict(design.config)}:
        raise UserError(f"{path}: a counterexample of another core or configuration; prove {core.folder} again")
    if not run:
        raise UserError(f"{path}: no run of the lane shows this counterexample; sc-hw sim compares the whole core")
    if not fits:
        raise UserError(f"{path}: the run does not fit the ports of the lane; prove {core.folder} again")
    return dict(record)


def simulate_run(core: Core, run: list[Clock], output: Path) -> Replay:
    """Play a run on a core's lane in Verilator and return what it showed beside what the model makes of it.

    ``output`` receives the log and the waveform. Errors: ``UserError`` for a missing tool;
    ``SimulationError`` when the build or the run ends without a result.
    """
    tool = verilator().require()
    for other in (compiler(), make(), perl()):
        other.require()
    output = output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    log, waves, plan, outcome = (output / name for name in ("replay.log", "waves.vcd", "run.json", "outcome.json"))
    for stale in (log, waves, outcome):
        stale.unlink(missing_ok=True)
    right = golden(core.design, run)
    watched = {port.name: port.name for port in core.design.lane_ports() if port.direction == "output"}
    lfsr = core.design.spec.lfsr
    for register in read_circuit(core, "lane").registers if lfsr else ():
        watched |= {RANDOM_REGISTER: register.name} if lfsr and register.bits == lfsr.bits else {}
    plan.write_text(json.dumps({"run": run, "watched": watched, "outcome": str(outcome)}), encoding="utf-8")

    def commands(proposed: list[list[str]]) -> list[list[str]]:
        verilate, compile_ = proposed[:2]
        return [["perl", tool.path, *(a for a in verilate[2:] if a != "--trace-fst")], compile_,
                [str(folder / top), "--trace", "--trace-file", str(waves)]]  # fmt: skip

    top = str(core.manifest["modules"]["lane"])
    with temporary_folder() as folder:
        environment = {"SC_HW_RUN": str(plan), "COCOTB_RESULTS_FILE": str(output / "results.xml"), **dict(tool.environment)}
        environment |= ccache_environment(folder)
        run_cocotb(
            log, folder, environment, commands, toplevel=top, module="sc_hw_sim.test_replay",
            timescale="1ns/1ps", verilog_sources=[str(source.absolute()) for source in core.sources], waves=True,
            make_args=list(_MAKE), compile_args=list(_ARGUMENTS),
        )  # fmt: skip
    if not outcome.is_file():
        raise SimulationError(log_tail(log))
    ports = json.loads(outcome.read_text(encoding="utf-8"))
    return Replay(golden=right, found=shown(core.design, ports, right), log=log, waves=waves)


def replay_command(
    folder: Path, path: Path | None, json_path: Path | None, echo: Callable[[str], None], note: Callable[[str], None]
) -> int:
    """Replay a counterexample of an emitted folder; return 1 when the simulated lane differs from the model, else 0."""
    core = load_core(folder)
    core.check_single("sc-hw replay")
    results = results_folder(folder)
    record = read_counterexample(path or results / COUNTEREXAMPLE, core)
    note("building the lane")
    with working_folder(results, "replay") as output:
        replay = simulate_run(core, record["run"], output)
    wrong, name = replay.wrong, core.design.name
    write_results(core, {
        "verb": "replay", "verdict": "fail" if wrong else "pass", "obligation": record["obligation"],
        "state": replay.golden.state, "inputs": replay.golden.inputs, "expected": replay.golden.values, "found": replay.found,
        "as_proven": replay.found == record["found"], "waves": str(replay.waves), "log": str(replay.log),
        "tools": {"verilator": verilator().version, "cocotb": version("cocotb"), "compiler": compiler().version},
    }, json_path)  # fmt: skip
    if not wrong:
        echo(
            f"PASS {name}: the lane does what the model does in this run of {len(record['run'])} clocks; waveform {replay.waves}"
        )
        return 0
    echo(f"FAIL {name}: {record['obligation']} refuted")
    for title, values in (("state", replay.golden.state), ("inputs", replay.golden.inputs)):
        if values:
            echo(f"  {title:9}" + ", ".join(f"{n} = {v}" for n, v in values.items()))
    for port in wrong:
        echo(f"  {port} expected {replay.golden.values[port]}, found {replay.found[port]}")
    same = "the values" if replay.found == record["found"] else "NOT the values"
    echo(f"{same} that sc-hw prove gave; waveform {replay.waves}")
    return 1
