"""Draw the timing diagrams of these pages from a simulation: ``python docs/timing.py`` writes them into docs/images.

A core of three synapses is emitted, its vectors are played in Verilator, and what its ports did is drawn clock by clock.
"""

import io
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wavedrom
from vcd.reader import TokenKind, tokenize

from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.toolchain import VERILATED_MAKE, verilator
from sc_hw.vectors.command import vectors_command
from sc_hw_models.registry import get_rule

Clocks = list[dict[str, int]]
BUILD = (
    "--binary",
    "--timing",
    "--trace",
    "-Wno-fatal",
    "-DFLOW",
    "-CFLAGS",
    "-O0 -std=c++20",
    "-MAKEFLAGS",
    " ".join(VERILATED_MAKE),
    "--top-module",
    "testbench",
    "-f",
    "filelist.f",
)
# As light as dark: what is drawn has the colour of a text on either ground.
STYLE = "<style>text,.info{fill:#6b7785}.s1,.s2,.s3,.s6,.s12{stroke:#6b7785}.s8,.s9,.s10{fill:#6b7785;fill-opacity:.2}</style>"


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """Ports to draw by title, from the first clock in which ``begins`` holds, so many clocks; ``before`` as many more."""

    begins: Callable[[dict[str, int]], bool]
    clocks: int
    groups: dict[str, Sequence[str]]
    before: int = 1


DIAGRAMS = {
    "timing_timestep": Diagram(
        begins=lambda now: bool(now["command_valid"] and not now["command_clear"]),
        clocks=16,
        groups={
            "command": ("command_valid", "command_ready", "command_reward"),
            "events": ("event_valid", "event_ready", "event_last", "event_pre_spike", "event_post_spike"),
            "results": ("result_valid", "result_ready", "result_last", "result_weight"),
            "": ("idle",),
        },
    ),
    "timing_host": Diagram(
        begins=lambda now: bool(now["host_valid"] and not now["host_write"]),
        clocks=14,
        groups={
            "host": ("host_valid", "host_ready", "host_write", "host_address"),
            "readback": ("readback_valid", "readback_ready", "readback_data"),
            "": ("idle",),
        },
    ),
}


def played(folder: Path) -> Clocks:
    """Return the values of the ports of a core of three synapses at every clock edge of its vectors."""
    rule = get_rule("r_stdp")
    design = CoreDesign(name="sc_core", rule=rule, config=rule.config_type(), synapses=3)
    emit(design, "verilog", folder / "core")
    vectors_command(folder / "core", folder / "v", steps=2, seed=1, force=False)
    tool = verilator().require()
    environment = os.environ | {"PATH": f"{Path(str(tool.path)).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in ((str(tool.path), *BUILD), ("obj_dir/Vtestbench", "+waves")):
        subprocess.run(command, cwd=folder / "v", check=True, capture_output=True, env=environment)
    return sampled((folder / "v" / "testbench.vcd").read_bytes())


def sampled(vcd: bytes) -> Clocks:
    """Return the values that the signals of the testbench have at each rising edge of its clock."""
    names: dict[str, list[str]] = {}
    depth: list[str] = []
    now: dict[str, int] = {}
    before: dict[str, int] = {}
    edges: Clocks = []
    for token in tokenize(io.BytesIO(vcd)):
        match token.kind:
            case TokenKind.SCOPE:
                depth.append(token.scope.ident)
            case TokenKind.UPSCOPE:
                depth.pop()
            case TokenKind.VAR if depth[-1] == "testbench":
                names.setdefault(token.var.id_code, []).append(token.var.reference)
            case TokenKind.CHANGE_TIME:
                before = dict(now)
            case TokenKind.CHANGE_SCALAR | TokenKind.CHANGE_VECTOR:
                change = token.data
                value = int(change.value) if str(change.value).isdecimal() else 0
                for name in names.get(change.id_code, ()):
                    if name == "clk" and value and not now.get("clk"):
                        edges.append(before)
                    now[name] = value
    return edges


def drawn(clocks: Clocks, diagram: Diagram) -> str:
    """Return a diagram as SVG."""
    first = next(k for k, now in enumerate(clocks) if diagram.begins(now)) - diagram.before
    window = clocks[first : first + diagram.clocks]
    signal: list[Any] = [{"name": "clk", "wave": "p" + "." * (diagram.clocks - 1)}]
    for title, names in diagram.groups.items():
        lines = [_line(name, [now[name] for now in window], window) for name in names]
        signal += [[title, *lines]] if title else lines
        signal.append({})
    svg = wavedrom.render(repr({"signal": signal[:-1], "config": {"hscale": 1}}).replace("'", '"')).tostring()
    return re.sub(r"</svg>\s*$", f"{STYLE}</svg>\n", svg)


def _line(name: str, values: Sequence[int], window: Clocks) -> dict[str, Any]:
    """Return a line: a level of one bit, or values where the stream is valid and nothing elsewhere."""
    stream, _, item = name.partition("_")
    if item in ("valid", "ready") or name == "idle":
        return {"name": name, "wave": _held(["01"[value] for value in values])}
    marks, data = [], []
    for k, value in enumerate(values):
        valid = window[k][f"{stream}_valid"]
        taken = k and window[k - 1][f"{stream}_valid"] and not window[k - 1][f"{stream}_ready"]
        marks.append("x" if not valid else "." if taken and marks[-1] != "x" else "3")
        if marks[-1] == "3":
            shown = f"{value:x}" if value > 9 else str(value)
            data.append(shown if len(shown) < 5 else "word")
    return {"name": name, "wave": _held(marks), "data": data}


def _held(marks: Sequence[str]) -> str:
    return "".join("." if k and mark == marks[k - 1] and mark in "01x" else mark for k, mark in enumerate(marks))


def diagrams() -> dict[str, str]:
    """Return the diagrams by file name."""
    with tempfile.TemporaryDirectory() as name:
        found = played(Path(name))
    return {f"{name}.svg": drawn(found, diagram) for name, diagram in DIAGRAMS.items()}


if __name__ == "__main__":
    for file, svg in diagrams().items():
        (Path(__file__).parent / "images" / file).write_text(svg, encoding="utf-8")
