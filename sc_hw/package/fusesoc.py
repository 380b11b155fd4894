"""FuseSoC: a core file in the form CAPI 2, and a testbench for its target ``sim``."""

import json

from ..bus.buses import BUSES
from ..registers.layout import ABI
from .description import Contents, Package
from .testbench import testbench

__all__ = ["FUSESOC"]


def _files(contents: Contents) -> dict[str, str]:
    bench = f"{contents.top}_testbench"
    return {f"{contents.top}.core": _core(contents, bench), f"tb/{bench}.v": testbench(contents, bench)}


def _core(contents: Contents, bench: str) -> str:
    """Return the core file. JSON's strings are YAML's."""
    verilog, software = (
        "".join(f"      - {json.dumps(path)}\n" for path in paths) for paths in (contents.sources, contents.software)
    )
    return f"""CAPI=2:
# {contents.layout.name} behind {contents.bus.title}, ABI {ABI}. Written by sc-hw; belongs to whoever wrote it.
name: "sc-hw:learning:{contents.top}:{ABI}.0"
description: {json.dumps(contents.layout.title)}

filesets:
  rtl:
    files:
{verilog}    file_type: verilogSource
  testbench:
    files:
      - "tb/{bench}.v"
    file_type: verilogSource
  software: # headers and the driver in C, for whoever builds firmware; no target compiles them
    files:
{software}    file_type: user

targets:
  default:
    filesets: [rtl]
    toplevel: {contents.top}
  lint:
    description: Verilator's warnings, all of them, as errors
    filesets: [rtl]
    toplevel: {contents.top}
    flow: lint
    flow_options:
      tool: verilator
      verilator_options: [-Wall]
  sim:
    description: identity, registers, errors and state words through the bus
    filesets: [rtl, testbench]
    toplevel: {bench}
    flow: sim
    flow_options:
      tool: verilator
      mode: binary
      verilator_options: [--timing, -CFLAGS, -std=c++20]
"""


FUSESOC = Package(
    name="fusesoc",
    tool="FuseSoC",
    buses=tuple(BUSES),
    files=_files,
    use="fusesoc --cores-root {output} run --target=lint sc-hw:learning:{top}; --target=sim runs its testbench",
)
