"""The moments of a design: what can be so in one clock, as a Verilog condition over its ports, and the scene that leads there.

The bench watches for them and resets a core in the very clock in which one holds. Conditions read ports only, those of the
design and of the modules inside it, and the bench's monitors, so that they mean the same in both generators and in an edited or
a planted netlist.
"""

from ..rtl.design import CoreDesign
from .engine import engine_moments, engine_registers
from .marks import marks_moments
from .moment import Moment, Registers
from .topologies import TOPOLOGIES

__all__ = ["Moment", "moments", "watcher"]

_FLAGS = ("sweeping", "clearing", "reading", "writing", "after", "once", "playing", "wiping")  # what is kept in one bit


def moments(design: CoreDesign, core: int) -> list[Moment]:
    """Return the moments of a design that is core number ``core`` of a bench."""
    topology = TOPOLOGIES[design.kind]
    idle = Moment(name="idle", condition=f"core_{core}.idle & ~core_{core}.command_valid", scene="idle")
    found = [moment for part in topology.parts(design, core) for moment in engine_moments(part)]
    return [idle, *found, *topology.blocks(design, core, idle)[0], *marks_moments(design, core)]


def _registers(design: CoreDesign, core: int) -> list[Registers]:
    """Return for each module the next values of its registers, and those after a reset that are not 0."""
    topology = TOPOLOGIES[design.kind]
    own = [engine_registers(part) for part in topology.parts(design, core)]
    return [*own, *topology.blocks(design, core, Moment(name="", condition="", scene=""))[1]]


def watcher(design: CoreDesign, core: int) -> str:
    """Return the Verilog of the bench that tells ``sc_hw_corner`` of the moments of each clock and resets when that says so.

    It reads ``rst_K``, drives ``fire_K``, and does nothing while ``watch_K`` is low, which may change in a reset only.
    """
    following: dict[str, str] = {}
    after: dict[str, str] = {}
    for registers, own in _registers(design, core):
        following |= registers
        after |= dict.fromkeys(registers, "0") | own
    kept = "".join(f"  reg {'' if name.endswith(_FLAGS) else '[31:0] '}{name} = 0;\n" for name in following)
    held = "".join(f"    now_{core}[{k}] = {moment.condition};\n" for k, moment in enumerate(moments(design, core)))
    moves = "".join(f"    {name} <= rst_{core} | fire_{core} ? {after[name]} : {value};\n" for name, value in following.items())
    return (
        f"{kept}  reg [`SC_HW_MOMENTS-1:0] now_{core} = 0;\n"
        f"  always @(negedge clk) if (watch_{core}) begin\n    now_{core} = 0;\n{held}"
        f"    fire_{core} = sc_hw_streams::sc_hw_corner({core}, `SC_HW_MOMENTS / 32, now_{core});\n{moves}"
        f"  end else fire_{core} = 0;\n"
    )
