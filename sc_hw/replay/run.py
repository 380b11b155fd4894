"""A counterexample of a proof, simulated on the lane it refutes, with a waveform."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..proof.circuit import read_circuit
from ..proof.run import RANDOM_REGISTER, Clock, Golden, golden, lane_inputs, made_for, shown
from ..sim.planned import read_outcome
from ..sim.simulator import ccache_environment, run_cocotb
from ..strict import checked, read_json
from ..toolchain import VERILATED_MAKE, compiler, make, perl, plain_temporary, verilator

__all__ = ["Replay", "read_counterexample", "simulate_run"]

# Registers start at 0, as the proof's run does.
_ARGUMENTS = (
    "--no-timing",
    "-Wno-fatal",
    "-Wno-WIDTH",
    "-LDFLAGS",
    "-rdynamic",
    "--x-assign",
    "0",
    "--x-initial",
    "0",
    "--trace-vcd",
    "--trace-structs",
)
_MAKE = (*VERILATED_MAKE, "OPT_FAST=-O0")


class _Counterexample(Struct):
    core: str
    rule: str
    config: dict[str, Any]
    obligation: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_./ :-]{1,200}\Z")]
    run: Annotated[list[dict[str, int]], Meta(max_length=100_000)] | None
    found: dict[str, int]
    part: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{0,60}\Z")] = ""


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
        return different(self.golden.values, self.found)


def different(expected: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Return the ports that do not show what is expected."""
    return [name for name, value in expected.items() if found.get(name) != value]


def read_counterexample(path: Path, core: Core) -> tuple[dict[str, Any], Core]:
    """Return a counterexample that ``sc-hw prove`` wrote for ``core``, and whose lane it is of: the core's or a part's.

    Errors: ``UserError`` for a file that is none, that is another configuration's or of no part, or that holds no run.
    """
    remedy = "give a counterexample; sc-hw prove writes one when it refutes a lane, and sc-hw sim shows what else is wrong"
    record = read_json(path, remedy=remedy, links=True)
    checked(record, _Counterexample, path, "a counterexample", remedy="give a file that sc-hw prove wrote")
    place, run = record.get("part", ""), record["run"]
    lanes = {part.folder.name: part for part in core.parts} or {"": core}
    if place not in lanes:
        has = f"has the parts {', '.join(lanes)}" if core.parts else "is one core"
        of = f"of part {place}" if place else "that names no part"
        raise UserError(f"{path}: a counterexample {of}, and {core.folder} {has}; prove {core.folder} again")
    design = lanes[place].design
    if {name: record[name] for name in ("core", "rule", "config")} != made_for(design):
        raise UserError(f"{path}: a counterexample of another core or configuration; prove {core.folder} again")
    if not run:
        raise UserError(f"{path}: no run of the lane shows this counterexample; sc-hw sim compares the whole core")
    widths = {port.name: port.bits for port in lane_inputs(design)}
    if not all(
        clock.keys() == widths.keys() and all(0 <= value < 1 << widths[name] for name, value in clock.items()) for clock in run
    ):
        raise UserError(f"{path}: the run does not fit the ports of the lane; prove {core.folder} again")
    return dict(record), lanes[place]


def simulate_run(core: Core, run: list[Clock], output: Path) -> Replay:
    """Play a run on a core's lane in Verilator and return what it showed beside what the model makes of it.

    ``output`` receives the log and the waveform. Errors: ``UserError`` for a missing tool;
    ``SimulationError`` when the build or the run ends without a result.
    """
    for tool in (verilator(), compiler(), make(), perl()):
        tool.require()
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
    document = {"request": secrets.token_hex(16), "core": core.digest, "run": run, "watched": watched, "outcome": str(outcome)}
    text = json.dumps(document)
    plan.write_text(text, encoding="utf-8")

    def commands(proposed: list[list[str]]) -> list[list[str]]:
        verilate, compile_ = proposed[:2]
        return [[a for a in verilate if a != "--trace-fst"], compile_, [str(folder / top), "--trace", "--trace-file", str(waves)]]

    top = str(core.manifest["modules"]["lane"])
    with temporary_folder(Path(plain_temporary())) as folder:
        environment = {"SC_HW_RUN": str(plan), "COCOTB_RESULTS_FILE": os.devnull}
        environment |= ccache_environment(folder)
        for name, content in core.verilog.items():
            (folder / name).write_bytes(content)
        run_cocotb(
            log,
            folder,
            environment,
            commands,
            toplevel=top,
            module="sc_hw_sim.test_replay",
            timescale="1ns/1ps",
            verilog_sources=[str(folder / name) for name in core.verilog],
            waves=True,
            make_args=list(_MAKE),
            compile_args=list(_ARGUMENTS),
        )
    ports = read_outcome(outcome, log, text)["found"]
    return Replay(golden=right, found=shown(core.design, ports, right), log=log, waves=waves)
