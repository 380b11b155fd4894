"""The names of the Verilog files of a design, known without writing them: what a manifest may list."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sc_hw_models.registry import get_rule

from .design import CoreDesign
from .graph import inner_blocks
from .queue import queue_of
from .verilog import has_whole, library_pieces

__all__ = ["lane_names", "verilog_names"]


def verilog_names(design: CoreDesign, generator: str) -> list[str]:
    """Return the Verilog files of the design's own folder, the top first, in the order in which they are listed."""
    modules = _joined(design) if design.graph else _core(design, generator)
    return [f"{module}.v" for module in modules]


def lane_names(design: CoreDesign, generator: str) -> list[str]:
    """Return the Verilog files of a lane without an engine, whose rule is its own datapath, the lane's first."""
    name = design.name
    pieces = [] if generator == "amaranth" else _pieces(name, _library(design))
    random = [f"{name}_random"] if design.spec.lfsr else []
    return [f"{module}.v" for module in (f"{name}_lane", f"{name}_datapath", *random, *pieces)]


def _joined(design: CoreDesign) -> list[str]:
    blocks = [block.name for block in inner_blocks(design)]
    return [design.name, *blocks, *(f"{name}_memory" for name in blocks)]


def _core(design: CoreDesign, generator: str) -> list[str]:
    name, queue = design.name, queue_of(design)
    behind = ([f"{name}_random"] if design.spec.lfsr else []) + ([queue.name] if queue else [])
    whole = f"{name}_whole"  # the datapath of the whole rule, which a part's is made of
    inner = [f"{whole}_datapath"] if has_whole(design) else []
    if generator == "amaranth":
        modules = [*inner, *behind]
    else:
        modules = [
            *behind,
            *_pieces(name, _library(design)),
        ]
        if inner and design.rule.whole:
            modules += [*inner, *_pieces(whole, _used(design.rule.whole.name, design.config))]
    memories = dict.fromkeys(design.memory_module(lane) for lane in range(design.lanes))
    queues = [f"{queue.name}_memory"] if queue else []
    return [name, f"{name}_lane", f"{name}_datapath", *modules, *queues, *memories]


def _library(design: CoreDesign) -> tuple[str, ...]:
    if design.rule.datapath:
        return ()
    return library_pieces(design) if design.rule.whole else _used(design.rule.name, design.config)


def _pieces(name: str, pieces: Iterable[str]) -> list[str]:
    return [f"{name}_{piece}" for piece in pieces]


@cache
def _used(rule: str, config: Any) -> tuple[str, ...]:
    """Return the small modules that the template of a rule's datapath instantiates."""
    return library_pieces(CoreDesign(name="any", rule=get_rule(rule), config=config, synapses=1))
