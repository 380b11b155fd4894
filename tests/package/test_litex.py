"""LiteX takes a package: a SoC with it is elaborated, and LiteX's own list of CSRs has every register where it is."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.network_folder import load_emitted
from sc_hw.toolchain import verilator_in

from ..bus.designs import EMITTED
from ..daily import few

SCRIPT = Path(__file__).with_name("litex_soc.py")


def elaborated(package, out, *, cpu="none", origin="none", passes=True):
    """Elaborate a SoC in a process of its own: LiteX prints and warns."""
    pytest.importorskip("litex")
    out.mkdir()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(package), cpu, origin, str(out)], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == passes, done.stderr[-3000:]
    return json.loads((out / "csr.json").read_text()) if passes else done.stderr


def registers_of(layout):
    for register in layout.map:
        for k in range(register.count):
            name = f"{register.name}_{k}" if register.count > 1 else register.name
            yield name, register.address + 4 * k, "ro" if register.access == "ro" else "rw"


@pytest.mark.parametrize(
    ("name", "bus", "cpu"),
    few(
        [
            ("core", "wishbone", "serv"),
            ("network", "axi-lite", "none"),
            ("layer", "axi-lite", "none"),
            ("crossbar", "wishbone", "none"),
        ],
        1,
        "the module is the same text with other registers, whose list the forms' tests compare",
    ),
)
def test_litex_has_our_registers_where_they_are(sc_hw, tmp_path, name, bus, cpu):
    assert sc_hw("emit", *EMITTED[name], "--bus", bus, "-o", tmp_path / "core")[0] == 0
    status, _, err = sc_hw("package", tmp_path / "core", "--format", "litex", "-o", tmp_path / "package")
    assert status == 0, err
    told = elaborated(tmp_path / "package", tmp_path / "soc", cpu=cpu)
    layout = load_bus(load_emitted(tmp_path / "core")).layout
    facts = []
    for learner in ("learner0", "learner1"):  # two in one SoC, each in a window of its own
        base = told["memories"][learner]["base"]
        assert told["memories"][learner]["size"] == layout.map.size
        for register, address, access in registers_of(layout):
            csr = told["csr_registers"][f"{learner}_registers_{register}"]
            assert (csr["addr"], csr["size"], csr["type"]) == (base + address, 1, access), register
            facts.append(f"CSR_{learner.upper()}_REGISTERS_{register.upper()}_ADDR == 0x{base + address:x}")
        assert f"{learner}_ev_pending" in told["csr_registers"]
        assert cpu == "none" or cpu == "serv" or learner in told["interrupts"]
    # What LiteX's header says to a compiler.
    lines = ['#include "csr.h"', *(f"extern int fact_{k}[({fact}) ? 1 : -1];" for k, fact in enumerate(facts))]
    (tmp_path / "soc/generated").mkdir()
    (tmp_path / "soc/generated/soc.h").write_text("")
    (tmp_path / "soc/facts.c").write_text("\n".join(lines) + "\n")
    compiler = ["gcc", "-fsyntax-only", "-DCSR_ACCESSORS_DEFINED", "-I", str(tmp_path / "soc"), str(tmp_path / "soc/facts.c")]
    done = subprocess.run(compiler, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]
    # The whole of it, ours within, is Verilog of one piece.
    (tmp_path / "tool").mkdir()
    command, environment = verilator_in(tmp_path / "tool")
    lint = [command, "--lint-only", "-Wno-fatal", "--top-module", "top", "--timing"]
    done = subprocess.run(
        ["perl", *lint, str(tmp_path / "soc/soc.v"), *told["sources"]],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:2000]
    warned = re.findall(r"^%\w+-\w+: \S*?(/rtl/sc_core\w*\.v|/soc\.v:\d+)", done.stderr, re.MULTILINE)
    text = (tmp_path / "soc/soc.v").read_text().splitlines()
    instances = [k for k, line in enumerate(text, 1) if line.startswith("sc_core_bus ")]
    assert len(instances) == 2
    inside = {f"/soc.v:{k}" for first in instances for k in range(first, first + text[first:].index(");") + 2)}
    assert not [one for one in warned if "sc_core" in one or one in inside], done.stderr
    # An address that LiteX's header would tell wrongly is refused; so is one that is no window's.
    for k, origin in enumerate(("0x00000100",)):
        wrong = elaborated(tmp_path / "package", tmp_path / f"wrong{k}", origin=origin, passes=False)
        assert "allowed are multiples of 0x1000 behind the CSRs" in wrong
