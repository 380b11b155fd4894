"""The question about a block: the block as emitted in a harness, what it is made of replaced by what is proven of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader

from sc_hw_models.rule import index_bits

from ...rtl.networks.block import NetworkBlock
from ...rtl.port import Port
from ...templates import verilog_templates
from ..induction import engine_script
from ..memories import memory_pins

__all__ = ["Question", "block_task", "render"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a block.

    ``statements`` are its obligations by name, each of which begins the names of its assertions in ``template``; ``taps`` are
    nets and pins inside that the harness looks at, with their bits, ``signed`` those that may be below 0; ``values`` are what
    the template needs besides; ``free`` are modules inside, by name, that may give anything.
    """

    template: str
    statements: Mapping[str, str]
    taps: Mapping[str, int] = field(default_factory=dict)
    signed: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    free: Mapping[str, Sequence[Port]] = field(default_factory=dict)


@cache
def _environment() -> Environment:
    environment = verilog_templates(PackageLoader("sc_hw.proof.network", ""))
    environment.filters["prefixed"] = lambda name, prefix: prefix + name
    return environment


def render(template: str, **values: Any) -> str:
    """Return a harness."""
    return _environment().get_template(template).render(**values)


def block_task(block: NetworkBlock, question: Question, sources: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return ``script`` and ``files`` of a question.

    Without ``inside`` it looks at no register within; with ``None`` it has the covers, too: that what is proven of happens.
    """
    memories = dict[str, dict[str, Any]]()
    taps = dict(question.taps)
    for place, (words, bits) in block.memories().items():
        instance, address = block.instances()[place], index_bits(words)
        memories[place] = {
            "module": instance.module,
            "parameters": bool(instance.parameters),
            "registers": block.in_registers(place),
            "bits": bits,
            "address": address,
            "words": words,
        }
        taps |= {f"{place}.{pin}": width for pin, width in memory_pins(address, bits).items()}
    top = f"{block.name}_proof"
    harness = render(
        question.template,
        block=block,
        name=block.name,
        top=top,
        ports=block.ports(),
        streams={stream.name: stream for stream in block.streams},
        memories=memories,
        free=question.free,
        taps=taps,
        signed=question.signed,
        inside=inside,
        **question.values,
    )
    modules = [*(str(memory["module"]) for memory in memories.values()), *question.free]
    files = {f"{module}.v": sources[f"{module}.v"] for module in (block.name, *modules)}
    return {"script": engine_script(files, modules, top), "files": {**files, "engine.sv": harness}}
