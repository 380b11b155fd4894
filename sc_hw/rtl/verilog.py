"""The Verilog generator: renders the templates; all structure and sizes come from the design."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader

from sc_hw_models.lfsr import Lfsr
from sc_hw_models.parts import NEURONS
from sc_hw_models.rule import index_bits

from ..data import data_folder
from ..templates import verilog_templates
from .contents import contents
from .design import CoreDesign
from .graph import inner_blocks
from .graph_text import graph_text
from .port import Port, input_port, output_port
from .queue import queue_of
from .text import concat, finished, port_list, prologue, repeat, select, vector, widened
from .tied import Tied

__all__ = [
    "block_text",
    "divided_text",
    "has_whole",
    "joined_files",
    "joint_memories",
    "lane_files",
    "library_pieces",
    "memory_file",
    "memory_files",
    "memory_ports",
    "random_ports",
    "random_purpose",
    "random_text",
    "registers_text",
    "template_text",
    "verilog_files",
]

_LIBRARY = ("leading_one", "saturate")  # small modules, emitted where something instantiates them


@cache
def _environment() -> Environment:
    """Return the environment of all templates, each of which is compiled once in a process."""
    environment = verilog_templates(FileSystemLoader(data_folder("rtl_templates")), keep_trailing_newline=True, cache_size=-1)
    environment.filters["prefixed"] = lambda name, prefix: prefix + name
    environment.filters["suffixed"] = lambda name, suffix: name + suffix
    environment.globals.update(
        concat=concat,
        index_bits=index_bits,
        port_list=port_list,
        prologue=lambda module, purpose: prologue(f"{module}.v", purpose),
        random_ports=random_ports,
        repeat=repeat,
        select=select,
        stages=lambda first, last: range(first, last + 1),
        vector=vector,
        widened=widened,
    )
    return environment


def _rendered(template: str, design: CoreDesign, **values: Any) -> str:
    """Return a file of a design."""
    spec = design.spec
    positions, noise_positions, low = spec.positions(), {}, 0
    for f in spec.noise:
        noise_positions[f.name] = low
        low += f.bits
    slices = {
        bus: {f.name: select(bus, spec.state_bits, positions[f.name] + f.bits - 1, positions[f.name]) for f in spec.state}
        for bus in ("word_in", "word_out")
    }
    slices["noise"] = {
        f.name: select("noise", low, noise_positions[f.name] + f.bits - 1, noise_positions[f.name]) for f in spec.noise
    }
    return finished(
        _environment()
        .get_template(template)
        .render(
            design=design,
            spec=spec,
            config=design.config,
            name=design.name,
            lfsr=spec.lfsr,
            slices=slices,
            owner=design.rule.owner,
            **values,
        )
    )


def block_text(template: str, block: Any) -> str:
    """Return the file of a block of a network."""
    return finished(_environment().get_template(template).render(block=block))


def template_text(template: str, **values: Any) -> str:
    """Return a file whose template sees these values."""
    return finished(_environment().get_template(template).render(**values))


def random_text(name: str, lfsr: Lfsr) -> str:
    """Return the random register of a module that is not a lane."""
    purpose = random_purpose(lfsr, of="")
    return finished(_environment().get_template("lib/random.v.j2").render(name=name, lfsr=lfsr, lfsr_purpose=purpose))


def registers_text(module: str, purpose: str, words: int, bits: int) -> str:
    """Return a memory that is so small that it is kept in registers; its ports are those of a memory."""
    template = _environment().get_template("networks/registers.v.j2")
    return finished(template.render(module=module, purpose=purpose, words=words, bits=bits, ports=memory_ports(words, bits)))


def divided_text(module: str, purpose: str, words: int, bits: int, whole: int) -> str:
    """Return a memory of two: one of ``whole`` words, one of those that are left."""
    template = _environment().get_template("networks/divided.v.j2")
    return finished(
        template.render(module=module, purpose=purpose, words=words, bits=bits, whole=whole, ports=memory_ports(words, bits))
    )


def memory_ports(words: int, bits: int) -> tuple[Port, ...]:
    """Return the ports of a memory."""
    address = index_bits(words)
    return (
        input_port("clk", meaning="clock, rising edge"),
        input_port("read_enable", meaning="0: read_data keeps its value"),
        input_port("read_address", address, meaning="address of the word to read"),
        output_port("read_data", bits, meaning="the word, a clock later"),
        input_port("write_enable", meaning="write a word"),
        input_port("write_address", address, meaning="its address"),
        input_port("write_data", bits, meaning="the word to write"),
    )


def lane_files(design: CoreDesign) -> dict[str, str]:
    """Return the files of a core's lane without those of its engine: what a block that has lanes of its own takes."""
    files = _lane(design)
    return files | _library(design, files)


def _lane(design: CoreDesign) -> dict[str, str]:
    lfsr, name = design.spec.lfsr, design.name
    files = {f"{name}_lane.v": _rendered("lane.v.j2", design), f"{name}_datapath.v": _datapath(design)}
    if lfsr:
        files[f"{name}_random.v"] = _rendered("lib/random.v.j2", design, lfsr_purpose=random_purpose(lfsr))
    return files


def random_ports(lfsr: Lfsr) -> tuple[Port, ...]:
    """Return the ports of the random register of a lane."""
    return (
        input_port("clk", meaning="clock, rising edge"),
        input_port("restart", meaning="load the seed; wins over step"),
        input_port("step", meaning="make new bits"),
        input_port("seed", lfsr.bits, meaning="what the register starts from, not 0"),
        output_port("bits", lfsr.fresh, meaning="random bits of the next update"),
    )


def random_purpose(lfsr: Lfsr, of: str = " of one lane") -> str:
    """Return what a random register is, by default that of a lane, in a line."""
    return f"random register{of}, x^{lfsr.taps[0]} + x^{lfsr.taps[1]} + 1, {lfsr.fresh} new bits a step"


def memory_file(module: str, purpose: str, filled: str = "", *, block_ram: bool = False) -> dict[str, str]:
    """Return the file of a memory module, given what fills it, which is long and has no line to break.

    With ``block_ram`` synthesis is told to take one, where it would else make the memory of LUTs.
    """
    text = finished(_environment().get_template("lib/memory.v.j2").render(module=module, purpose=purpose, block_ram=block_ram))
    return {f"{module}.v": text.replace("      always @(posedge clk)", f"{filled}      always @(posedge clk)", 1)}


def memory_files(design: CoreDesign) -> dict[str, str]:
    """Return the memory modules; both generators instantiate them, so that one file is swapped for an SRAM macro."""
    purpose, queue = "state memory of one lane", queue_of(design)
    files = memory_file(f"{queue.name}_memory", "results that wait") if queue else {}
    if not design.initial:
        return files | memory_file(f"{design.name}_memory", purpose)
    for lane in range(design.lanes):
        files |= memory_file(design.memory_module(lane), purpose, contents(design.initial_words(lane), design.spec.state_bits))
    return files


def joint_memories(design: Any) -> dict[str, str]:
    """Return the memories of the blocks between cores."""
    files: dict[str, str] = {}
    for block in inner_blocks(design):
        files |= memory_file(f"{block.name}_memory", block.kept, block_ram=getattr(block, "block_ram", False))
    return files


def joined_files(design: Any) -> dict[str, str]:
    """Return the Verilog files of a graph beside its cores, the top first."""
    blocks = {f"{block.name}.v": _rendered(block.template, design, block=block) for block in inner_blocks(design)}
    return {f"{design.name}.v": finished(graph_text(design.graph)), **blocks, **joint_memories(design)}


def verilog_files(design: CoreDesign) -> dict[str, str]:
    """Return the emitted Verilog files by name, the top first."""
    queue, name = queue_of(design), design.name
    files = {f"{name}.v": _rendered("engine.v.j2", design, queue=queue, tree=design.readback_tree), **_lane(design)}
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
    return {
        f"{design.name}_{piece}.v": _rendered(f"lib/{piece}.v.j2", design)
        for piece in _pieces(design.name, "".join(files.values()))
    }
