"""The Verilog generator: renders the templates; all structure and sizes come from the design."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sc_hw_models.lfsr import Lfsr
from sc_hw_models.parts import NEURONS

from ..data import data_folder
from .contents import contents
from .design import CoreDesign
from .graph import inner_blocks
from .graph_text import graph_text
from .port import Port, input_port, output_port
from .queue import queue_of
from .text import concat, finished, port_list, prologue, repeat, select, vector
from .tied import Tied

__all__ = [
    "has_whole",
    "joined_files",
    "joint_memories",
    "library_pieces",
    "memory_files",
    "random_ports",
    "random_purpose",
    "verilog_files",
]

_LIBRARY = ("leading_one", "saturate")  # small modules, emitted where something instantiates them


@cache
def _environment() -> Environment:
    """Return the environment of all templates, each of which is compiled once in a process."""
    environment = Environment(
        loader=FileSystemLoader(data_folder("rtl_templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=-1,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - Verilog, not HTML; every name passed the allow-list
    )
    environment.globals.update(
        concat=concat, port_list=port_list, prologue=lambda module, purpose: prologue(f"{module}.v", purpose),
        random_ports=random_ports, repeat=repeat, select=select, stages=lambda first, last: range(first, last + 1), vector=vector,
    )  # fmt: skip
    return environment


def _rendered(template: str, design: CoreDesign, **values: Any) -> str:
    """Return a file of a design."""
    spec = design.spec
    positions, noise_positions, low = spec.positions(), {}, 0
    for f in spec.noise:
        noise_positions[f.name] = low
        low += f.bits
    slices = {bus: {f.name: select(bus, spec.state_bits, positions[f.name] + f.bits - 1, positions[f.name]) for f in spec.state}
              for bus in ("word_in", "word_out")}  # fmt: skip
    slices["noise"] = {f.name: select("noise", low, noise_positions[f.name] + f.bits - 1, noise_positions[f.name])
                       for f in spec.noise}  # fmt: skip
    return finished(
        _environment().get_template(template).render(
            design=design, spec=spec, config=design.config, name=design.name, lfsr=spec.lfsr, slices=slices,
            owner=design.rule.owner, **values,
        )
    )  # fmt: skip


def random_ports(lfsr: Lfsr) -> tuple[Port, ...]:
    """Return the ports of the random register of a lane."""
    return (
        input_port("clk", meaning="clock, rising edge"),
        input_port("restart", meaning="load the seed; wins over step"),
        input_port("step", meaning="make new bits"),
        input_port("seed", lfsr.bits, meaning="what the register starts from, not 0"),
        output_port("bits", lfsr.fresh, meaning="random bits of the next update"),
    )


def random_purpose(lfsr: Lfsr) -> str:
    """Return what the random register of a lane is, in a line."""
    return f"random register of one lane, x^{lfsr.taps[0]} + x^{lfsr.taps[1]} + 1, {lfsr.fresh} new bits a step"


def _memory(module: str, purpose: str, filled: str = "") -> dict[str, str]:
    """Return the file of a memory module, given what fills it, which is long and has no line to break."""
    text = finished(_environment().get_template("lib/memory.v.j2").render(module=module, purpose=purpose))
    return {f"{module}.v": text.replace("      always @(posedge clk)", f"{filled}      always @(posedge clk)", 1)}


def memory_files(design: CoreDesign) -> dict[str, str]:
    """Return the memory modules; both generators instantiate them, so that one file is swapped for an SRAM macro."""
    purpose, queue = "state memory of one lane", queue_of(design)
    files = _memory(f"{queue.name}_memory", "results that wait") if queue else {}
    if not design.initial:
        return files | _memory(f"{design.name}_memory", purpose)
    for lane in range(design.lanes):
        files |= _memory(design.memory_module(lane), purpose, contents(design.initial_words(lane), design.spec.state_bits))
    return files


def joint_memories(design: Any) -> dict[str, str]:
    """Return the memories of the blocks between cores."""
    return {name: text for block in inner_blocks(design) for name, text in _memory(f"{block.name}_memory", block.kept).items()}


def joined_files(design: Any) -> dict[str, str]:
    """Return the Verilog files of a graph beside its cores, the top first."""
    blocks = {f"{block.name}.v": _rendered(block.template, design, block=block) for block in inner_blocks(design)}
    return {f"{design.name}.v": finished(graph_text(design.graph)), **blocks, **joint_memories(design)}


def verilog_files(design: CoreDesign) -> dict[str, str]:
    """Return the emitted Verilog files by name, the top first."""
    queue, lfsr, name = queue_of(design), design.spec.lfsr, design.name
    files = {
        f"{name}.v": _rendered("engine.v.j2", design, queue=queue, tree=design.readback_tree),
        f"{name}_lane.v": _rendered("lane.v.j2", design),
        f"{name}_datapath.v": _datapath(design),
    }
    if lfsr:
        files[f"{name}_random.v"] = _rendered("lib/random.v.j2", design, lfsr_purpose=random_purpose(lfsr))
    if queue:
        files[f"{name}_queue.v"] = _rendered("lib/queue.v.j2", design, queue=queue)
    files |= _library(design, files)
    if has_whole(design):
        whole = Tied(design).whole
        inner = {f"{whole.name}_datapath.v": _datapath(whole)}
        files |= inner | _library(whole, inner)
    return files | memory_files(design)


def has_whole(design: CoreDesign) -> bool:
    """Return whether the datapath of a design is made of the whole rule's: that of a synapse's part by hand."""
    return design.rule.datapath is None and design.rule.whole is not None and design.rule.owner not in NEURONS


def _datapath(design: CoreDesign) -> str:
    if design.rule.datapath:
        return str(design.rule.datapath.verilog(design))
    if has_whole(design):
        return _rendered("part.v.j2", design, tied=Tied(design))
    return _rendered(f"rules/{(design.rule.whole or design.rule).name}.v.j2", design)


def _pieces(name: str, text: str) -> tuple[str, ...]:
    return tuple(piece for piece in _LIBRARY if f"{name}_{piece} " in text)


def library_pieces(design: CoreDesign) -> tuple[str, ...]:
    """Return the small modules that the datapath of a design instantiates; nothing else of it does."""
    return _pieces(design.name, _datapath(design))


def _library(design: CoreDesign, files: Mapping[str, str]) -> dict[str, str]:
    """Return the small modules that these files instantiate."""
    return {f"{design.name}_{piece}.v": _rendered(f"lib/{piece}.v.j2", design)
            for piece in _pieces(design.name, "".join(files.values()))}  # fmt: skip
