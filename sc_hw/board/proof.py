"""The proof of what stands between a serial line and a bus.

Of the bridge, by induction: every byte, access and answer. Of receiver and sender, from any state: what is sent after a rest is
received.
"""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader

from ..driver.frames import DONE, DROPPED, ERROR, READ, WRITE
from ..proof.sby import Run, harness_script, run_sby
from ..proof.solver import Solver
from ..templates import verilog_templates
from .verilog import GAP, bridge_ports, bridge_verilog, receiver_verilog, sender_verilog

__all__ = ["bridge_harness", "prove_bridge", "prove_gap", "prove_line"]

ADDRESS_BITS = 12
DEPTH = 2  # clocks of induction
_TAPS = {
    "phase_reg": 2,
    "begun_reg": 1,
    "lost_reg": 1,
    "run_reg": 4,
    "count_reg": 4,
    "byte_reg": 8,
    "shift_reg": 4,
    "keep_reg": 1,
    "sum_reg": 32,
    "frame_reg": 80,
    "asked": 1,
    "dropped_reg": 16,
    "known_reg": 1,
    "last_number_reg": 8,
    "last_write_reg": 1,
    "last_error_reg": 1,
    "last_address_reg": 32,
    "last_data_reg": 32,
    "again_reg": 1,
    "long_reg": 1,
    "pass_reg": 7,
    "any_reg": 1,
    "zeros_reg": 10,
    "left_reg": 4,
    "block_reg": 4,
    "step_reg": 2,
}


def prove_bridge(solver: Solver, folder: Path, *, timeout: float = 1800, verilog: str | None = None) -> Run:
    """Ask a solver whether every statement holds of the bridge, or of ``verilog`` in its place, in an empty ``folder``.

    The bridge is the same for every design but for the bits of an address.
    """
    files = {"bridge.v": verilog or bridge_verilog("bridge", ADDRESS_BITS), "proof.sv": bridge_harness()}
    script = harness_script(["bridge.v"], "bridge_proof")
    return run_sby(folder, mode="prove", depth=DEPTH, solver=solver, script=script, files=files, timeout=timeout)


def prove_line(solver: Solver, folder: Path, *, divider: int, verilog: Mapping[str, str] | None = None) -> Run:
    """Ask a solver whether a byte that is sent after a rest is received once, whatever state the receiver was in."""
    return _line(solver, folder, "line_proof", "bmc", 21 * divider + 12, divider, verilog or {})


def prove_gap(solver: Solver, folder: Path, *, divider: int, verilog: Mapping[str, str] | None = None) -> Run:
    """Ask a solver whether bytes are as far apart as the bridge needs them, whatever the line does."""
    return _line(solver, folder, "gap_proof", "prove", DEPTH, divider, verilog or {})


def _line(solver: Solver, folder: Path, top: str, mode: str, depth: int, divider: int, verilog: Mapping[str, str]) -> Run:
    text = _environment().get_template("line.sv.j2").render(divider=divider, gap=GAP)
    files = (
        {"receiver.v": receiver_verilog("receiver"), "sender.v": sender_verilog("sender")} | dict(verilog) | {"proof.sv": text}
    )
    script = harness_script(["receiver.v", "sender.v"], top)
    return run_sby(folder, mode=mode, depth=depth, solver=solver, script=script, files=files, timeout=300)


def _environment() -> Environment:
    return verilog_templates(PackageLoader("sc_hw.board", ""))


def bridge_harness(*, covers: bool = False) -> str:
    """Return the module that states what is to be proven."""
    return (
        _environment()
        .get_template("bridge.sv.j2")
        .render(
            module="bridge",
            ports=bridge_ports(ADDRESS_BITS),
            taps=_TAPS,
            gap=GAP,
            covers=covers,
            address_bits=ADDRESS_BITS,
            read=READ,
            write=WRITE,
            done=DONE,
            error=ERROR,
            dropped_word=f"30'h{DROPPED >> 2:x}",
        )
    )
