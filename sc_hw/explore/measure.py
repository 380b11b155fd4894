"""What is measured of a point, as tasks that any process on any machine can do: plain data in, plain data out."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sc_hw_models import __file__ as models
from sc_hw_models.registry import get_rule
from sc_hw_models.rule_file import rule_file
from sc_hw_models.scratch import temporary_folder

from .. import __version__
from ..accuracy.measure import measure_accuracy
from ..data import data_folder
from ..manifest import Core, load_core
from ..pnr.place import load_placeable, place_many
from ..rtl.emit import emit
from ..synth.synthesise import synthesise
from ..targets import load_target
from ..toolchain import nextpnr
from ..yosys import find_yosys
from .sweep import design_of

__all__ = ["Task", "measure", "tools_of"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """A measurement: the name of a function below and its arguments."""

    kind: str
    arguments: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """A digest of what is measured and of the tools it is measured with: equal keys, equal results."""
        text = json.dumps([self.kind, self.arguments, tools_of(self.kind, self.arguments)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def measure(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Do a task; return its result, the tools that made it and how long it took. Errors: those of the tools."""
    started = time.monotonic()
    result = _KINDS[kind](**arguments)
    return {"result": result, "tools": tools_of(kind, arguments), "seconds": round(time.monotonic() - started, 3)}


def _learning(rule: str, config: Mapping[str, Any], stimuli: int) -> dict[str, Any]:
    """Return the figures of the fixed model beside the float reference, each the median over seeds 0..``stimuli``-1."""
    chosen = get_rule(rule)
    (variant,) = measure_accuracy(chosen, {"": chosen.config_type(**config)}, seeds=stimuli)
    return variant.medians


def _counts(core: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Return the counts of a core on a target after synthesis."""
    with _emitted(core) as emitted:
        result = synthesise(emitted, load_target(target))
    return {"resources": result.resources, "fits": result.fits, "failures": result.failures}


def _clocks(core: Mapping[str, Any], target: str, seed: int) -> dict[str, Any]:
    """Return the clock of a core on a target in MHz after place and route from a seed, or why there is none."""
    with _emitted(core) as emitted:
        (result,) = place_many(emitted, [load_placeable(target)], [seed], jobs=1)
    return {"mhz": result.runs[0].mhz, "error": result.runs[0].error}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {"learning": _learning, "counts": _counts, "clocks": _clocks}


@contextmanager
def _emitted(core: Mapping[str, Any]) -> Iterator[Core]:
    with temporary_folder() as folder:
        yield load_core(emit(design_of(core), core["generator"], folder / "core"))


def tools_of(kind: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions on which the result of a task depends, as they are on this machine."""
    return (
        _learning_tools()
        | _rule_file(arguments)
        | (_synthesis_tools() if kind != "learning" else {})
        | (_placing_tools(arguments["target"]) if kind == "clocks" else {})
    )


def _rule_file(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of the file that the rule of a task comes from, if it has one."""
    source = rule_file(str(arguments.get("rule") or arguments.get("core", {}).get("rule")))
    return {"rule": source.sha256[:16]} if source else {}


@cache
def _learning_tools() -> dict[str, str]:
    return {"sc-hw": f"{__version__}+{_sources()}", "numpy": version("numpy")}


@cache
def _synthesis_tools() -> dict[str, str]:
    return {"amaranth": version("amaranth"), "pyosys": version("pyosys"), "yosys": find_yosys()[1]}


@cache
def _placing_tools(target: str) -> dict[str, str]:
    _, device = load_placeable(target)
    return {device.tool: nextpnr(device.tool).version}


def _sources() -> str:
    """Return a digest of our own sources: a result of other ones is not taken for one of these."""
    digest = hashlib.sha256()
    for folder in (
        Path(__file__).parents[1],
        Path(models).parent,
        data_folder("rtl_templates"),
        data_folder("synth") / "targets",
    ):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".j2", ".toml")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]
