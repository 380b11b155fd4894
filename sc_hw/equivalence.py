"""Is a planted mutant the same circuit after all? Sequential equivalence with the core without it, decided by ABC.

Both start with every register at 0, as after a reset, and get the same inputs for ever. Modules kept apart (datapath,
memory) are taken out of both: what they are given must be equal, what they give is any common value.
"""

from sc_hw_models.scratch import temporary_folder

from .manifest import Core
from .yosys import run_abc, run_pinned_yosys

__all__ = ["compare"]

# Undefined values and power-up contents become 0 before any pass that would choose them to its liking.
_READ = """read_verilog -sv {files}
hierarchy -check -top {top}
proc
{apart}
memory_collect
memory_map
flatten -noscopeinfo
{evert}
setundef -zero -undriven -init
opt_clean
rename {top} {name}
design -stash {name}
design -reset
"""
_MITER = """design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
miter -equiv -flatten gold gate miter
hierarchy -top miter
techmap
opt -fast
dffunmap
opt_clean
write_blif miter.blif
"""
_DECIDE = "read_blif miter.blif; strash; zero; scorr; pdr -T {timeout}; sat"
_LARGEST_MEMORY = 1 << 13  # bits that become registers


def compare(gold: Core, gate: Core, module: str, *, timeout: int, through: bool = False) -> tuple[str, str]:
    """Return ``equal``, ``different`` or ``unknown`` for two variants of a planted core that differ in ``module``, and how.

    A difference inside a memory or the datapath is looked for there alone, any other in the whole core. With ``through`` the
    datapath is part of the core: what it is given may differ if nothing comes of that, and what is in it if the core never shows.
    """
    design = gold.design
    memories = sorted({design.memory_module(lane) for lane in range(design.lanes)})
    datapath = gold.manifest["modules"]["datapath"]
    alone = memories if through else [*memories, datapath]
    top, apart = (module, []) if module in alone else (design.name, alone)
    if module in memories and design.words * design.spec.state_bits > _LARGEST_MEMORY:
        return "unknown", f"a memory of more than {_LARGEST_MEMORY} bits"
    script = "".join(
        _READ.format(
            files=" ".join(f"{name}_{file}" for file in core.manifest["verilog"]), top=top, name=name,
            apart="\n".join(f"blackbox {m}" for m in apart), evert="\n".join(f"expose -evert t:{m}" for m in apart),
        )
        for name, core in (("gold", gold), ("gate", gate))
    )  # fmt: skip
    with temporary_folder() as folder:
        for name, core in (("gold", gold), ("gate", gate)):
            for file, content in core.verilog.items():
                (folder / f"{name}_{file}").write_bytes(content)
        run_pinned_yosys(script + _MITER, cwd=folder)
        said = run_abc(_DECIDE.format(timeout=timeout), cwd=folder)
    line = next((line for line in said.splitlines() if "was asserted in frame" in line), "")
    if line:
        return "different", f"clock {line.split('frame', 1)[1].split('.')[0].strip()} after reset"
    equal = "Property proved" in said or "UNSATISFIABLE" in said
    return ("equal", "") if equal else ("unknown", f"no answer in {timeout} s")
