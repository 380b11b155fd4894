"""The Verilog generator: renders the templates; all structure and sizes come from the design."""

from collections.abc import Mapping

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import __version__
from ..data import data_folder
from .crossbar import CrossbarDesign
from .design import CoreDesign
from .layer import NEURON, LayerDesign
from .queue import queue_of
from .tied import Tied

__all__ = ["joined_files", "joint_memories", "library_pieces", "memory_files", "verilog_files"]

_LIBRARY = ("delay", "leading_one", "saturate")  # small modules, emitted where something instantiates them


def _environment(design: CoreDesign) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(data_folder("rtl_templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Verilog, not HTML; every name passed the allow-list
    )
    spec = design.spec
    positions = spec.positions()
    slices = {f.name: f"{positions[f.name] + f.bits - 1}:{positions[f.name]}" for f in spec.state}
    noise_slices, low = {}, 0
    for f in spec.noise:
        noise_slices[f.name] = f"{low + f.bits - 1}:{low}"
        low += f.bits
    environment.globals.update(
        design=design, spec=spec, config=design.config, name=design.name, lfsr=spec.lfsr, slices=slices,
        noise_slices=noise_slices, tool_version=__version__, neuron=NEURON,
    )  # fmt: skip
    return environment


def memory_files(design: CoreDesign) -> dict[str, str]:
    """Return the memory modules; both generators instantiate them, so that one file is swapped for an SRAM macro."""
    template, purpose = _environment(design).get_template("lib/memory.v.j2"), "state memory of one lane"
    files, queue = {}, queue_of(design)
    if queue:
        module = f"{queue.name}_memory"
        files[f"{module}.v"] = template.render(module=module, purpose="results that wait", initial="")
    if not design.initial:
        module = f"{design.name}_memory"
        return files | {f"{module}.v": template.render(module=module, purpose=purpose, initial="")}
    bits = design.spec.state_bits
    return files | {
        f"{design.memory_module(lane)}.v": template.render(
            module=design.memory_module(lane),
            purpose=purpose,
            # Joined here: a template's loop is too slow for tens of thousands of words.
            initial="\n".join(f"        words[{k}] = {bits}'h{word:x};" for k, word in enumerate(design.initial_words(lane))),
        )
        for lane in range(design.lanes)
    }


def joint_memories(design: LayerDesign | CrossbarDesign) -> dict[str, str]:
    """Return the memories between cores: the fan-out's, and of a crossbar that of the rows and those of address events."""
    template = _environment(design).get_template("lib/memory.v.j2")
    purposes = {f"{design.fanout.name}_memory": f"what {design.fanout.stored} gave in one timestep"}
    if isinstance(design, CrossbarDesign):
        if design.rows:
            purposes[f"{design.rows.name}_memory"] = "whether the synapses of each row rest"
        purposes |= {f"{module.name}_memory": "which neurons of a lane spike" for module in design.addresses.values()}
    return {f"{module}.v": template.render(module=module, purpose=purpose, initial="") for module, purpose in purposes.items()}


def joined_files(design: LayerDesign | CrossbarDesign) -> dict[str, str]:
    """Return the Verilog files of a layer or a crossbar beside its cores, the top first."""
    environment, top = _environment(design), "layer" if isinstance(design, LayerDesign) else "crossbar"
    files = {f"{design.name}.v": f"{top}.v.j2", f"{design.fanout.name}.v": "lib/fanout.v.j2"}
    rendered = {file: environment.get_template(path).render(fanout=design.fanout) for file, path in files.items()}
    if isinstance(design, CrossbarDesign):
        if rows := design.rows:
            rendered[f"{rows.name}.v"] = environment.get_template("lib/rows.v.j2").render(rows=rows)
        template = environment.get_template("lib/addresses.v.j2")
        rendered |= {f"{module.name}.v": template.render(addresses=module) for module in design.addresses.values()}
    return rendered | joint_memories(design)


def verilog_files(design: CoreDesign) -> dict[str, str]:
    """Return the emitted Verilog files by name, the top first."""
    environment = _environment(design)
    queue = queue_of(design)
    templates = {"": "engine", "_lane": "lane"}
    behind = ({"_random": "lib/random"} if design.spec.lfsr else {}) | ({"_queue": "lib/queue"} if queue else {})

    def rendered(paths: Mapping[str, str]) -> dict[str, str]:
        given = {"queue": queue, "tree": design.readback_tree}
        return {f"{design.name}{suffix}.v": environment.get_template(f"{path}.v.j2").render(given)
                for suffix, path in paths.items()}  # fmt: skip

    files = rendered(templates) | {f"{design.name}_datapath.v": _datapath(design)} | rendered(behind)
    files |= _library(design, files)
    if design.rule.whole:
        whole = Tied(design).whole
        inner = {f"{whole.name}_datapath.v": _datapath(whole)}
        files |= inner | _library(whole, inner)
    return files | memory_files(design)


def _datapath(design: CoreDesign) -> str:
    path = "part" if design.rule.whole else f"rules/{design.rule.name}"
    return _environment(design).get_template(f"{path}.v.j2").render(tied=Tied(design) if design.rule.whole else None)


def library_pieces(design: CoreDesign) -> tuple[str, ...]:
    """Return the small modules that the datapath of a design instantiates; nothing else of it does."""
    return _instantiated(design, _datapath(design))


def _instantiated(design: CoreDesign, text: str) -> tuple[str, ...]:
    return tuple(piece for piece in _LIBRARY if f"{design.name}_{piece} " in text)


def _library(design: CoreDesign, files: Mapping[str, str]) -> dict[str, str]:
    """Return the small modules that these files instantiate."""
    environment = _environment(design)
    return {f"{design.name}_{piece}.v": environment.get_template(f"lib/{piece}.v.j2").render()
            for piece in _instantiated(design, "".join(files.values()))}  # fmt: skip
