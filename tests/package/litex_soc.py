"""A SoC of LiteX with the module of a package in it, elaborated: its Verilog, and its CSRs as LiteX tells them.

python litex_soc.py PACKAGE CPU ORIGIN OUT     CPU and ORIGIN are none for none
"""

import importlib
import json
import sys
from pathlib import Path

from litex.build.generic_platform import Pins
from litex.build.io import CRG
from litex.build.sim import SimPlatform
from litex.soc.integration import export
from litex.soc.integration.soc_core import SoCCore


class Soc(SoCCore):
    def __init__(self, module, cpu, origins):
        platform = SimPlatform("SIM", [("sys_clk", 0, Pins(1)), ("sys_rst", 0, Pins(1))])
        self.crg = CRG(platform.request("sys_clk"))
        SoCCore.__init__(
            self, platform, clk_freq=int(1e6), cpu_type=cpu, integrated_rom_size=4096, integrated_sram_size=4096, with_uart=False
        )
        for k, origin in enumerate(origins):
            (made,) = (one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__)
            made.add_to(self, f"learner{k}", origin=origin)


def main(package, cpu, origin, output):
    sys.path.insert(0, package)
    (source,) = Path(package).glob("*_litex.py")
    module = importlib.import_module(source.stem)
    soc = Soc(module, None if cpu == "none" else cpu, [None, None] if origin == "none" else [int(origin, 0)])
    soc.finalize()
    out = Path(output)
    (out / "soc.v").write_text(soc.platform.get_verilog(soc).main_source)
    (out / "csr.h").write_text(
        export.get_csr_header(soc.csr_regions, soc.constants, soc.mem_regions["csr"].origin, with_access_functions=False)
    )
    told = json.loads(export.get_csr_json(soc.csr_regions, soc.constants, soc.mem_regions))
    told["sources"] = [name for name, *_ in soc.platform.sources]
    told["interrupts"] = dict(soc.irq.locs) if soc.irq.enabled else {}
    (out / "csr.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
