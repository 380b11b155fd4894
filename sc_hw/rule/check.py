"""What is wrong with a rule's file, a line each with its place, and what its hardware will cost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.checked import MOST_BITS, check_function, open_fields, unchecked
from sc_hw_models.errors import ConfigError, StepError
from sc_hw_models.rule import Rule, RuleSpec
from sc_hw_models.rule_file import RuleFile, add_rule_file, where
from sc_hw_models.runtime import with_runtime
from sc_hw_models.term import Term, evaluate, subterms

from ..compiler.pipeline import Pipeline
from ..compiler.rule import Timing, compiled
from ..compiler.trace import watched
from ..rtl.design import CoreDesign

__all__ = ["Finding", "check_rule", "cost_of", "refuse"]

_UPDATES = 5000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong: ``place`` is ``file:line``."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def check_rule(path: Path) -> tuple[RuleFile, list[Finding]]:
    """Return a rule's file and what is wrong with its settings, its specification and its step, in every preset.

    Errors: ``ConfigError`` with file and line for a file that cannot be run.
    """
    source = add_rule_file(path)
    findings: dict[str, Finding] = {}
    for preset, chosen in source.rule.presets.items():
        for finding in _of(source, chosen.config):
            text = finding.text if preset == "default" else f"{finding.text} (preset {preset})"
            findings.setdefault(f"{finding.place} {finding.text}", Finding(place=finding.place, text=text))
    return source, list(findings.values())


def refuse(source: RuleFile, config: Any) -> None:
    """Raise ``ConfigError`` for the first thing that is wrong with a rule's file in one configuration."""
    for finding in _of(source, config):
        raise ConfigError(str(finding))


def _of(source: RuleFile, config: Any) -> Iterator[Finding]:
    try:
        rule = with_runtime(source.rule, source.rule.config_type.RUNTIME)
        spec = rule.spec(config)
    except ConfigError as error:
        yield Finding(place=_function(source, source.rule.spec), text=str(error))
        return
    except Exception as error:
        yield Finding(
            place=_raised(source, error, source.rule.spec), text=f"{type(error).__name__}: {' '.join(str(error).split())}"
        )
        return
    if not spec.state or not spec.outputs:
        what = "state" if not spec.state else "outputs"
        text = f"the rule has no {what}: a core keeps at least one field for each synapse, and gives at least one result"
        yield Finding(place=_function(source, source.rule.spec), text=text)
        return
    step = unchecked(source.rule.step)
    try:
        terms, places = watched(rule, config)
    except Exception as error:
        known = isinstance(error, TypeError | ConfigError)
        text = " ".join(str(error).split())
        yield Finding(place=_raised(source, error, step), text=text if known else f"{type(error).__name__}: {text}")
        return
    wide = next((place for term, place in places if _bits(term) > MOST_BITS), None)
    if wide is None and any(_bits(term) > MOST_BITS for term in terms.values()):
        yield Finding(
            place=_function(source, step),
            text=f"an intermediate value is unbounded: it needs more than {MOST_BITS} bits; clip it",
        )
    elif wide:
        bits = max(_bits(term) for term, place in places if place == wide)
        yield Finding(
            place=f"{source.path}:{wide.line}",
            text=f"{wide.name} is unbounded: it needs {bits} bits; allowed are "
            f"{MOST_BITS}: clip what it is made of, or narrow the fields",
        )
    else:
        try:
            check_function(rule.step, config, seed=1)
        except StepError as error:
            name = error.field
            place = (
                where(source.path, source.text, "name", name) if name else _line(source, str(error)) or _function(source, step)
            )
            yield Finding(place=place, text=re.sub(rf"^rule {rule.name}: ", "", str(error)))
            return
        yield from _outside(source, spec, terms)
    read = {str(term.detail) for term in subterms(terms.values()) if term.operation == "variable"}
    kept = {f.name for f in spec.state if _variable(terms.get(f"next_{f.name}")) == f.name and not _read_elsewhere(terms, f.name)}
    for f in (*spec.state, *spec.inputs, *spec.noise):
        if f.name not in read or f.name in kept:
            yield Finding(
                place=where(source.path, source.text, "name", f.name),
                text=f"field {f.name} is never used: the step reads it nowhere; use it, or leave it out",
            )


def _outside(source: RuleFile, spec: RuleSpec, terms: dict[str, Term]) -> Iterator[Finding]:
    """Yield a finding for each field that the step leaves in one of many random updates."""
    fields = {f"next_{f.name}": f for f in spec.state} | {f"out_{f.name}": f for f in spec.outputs}
    left = open_fields(terms, fields)
    generator = np.random.default_rng(1)
    given = {}
    for f in (*spec.state, *spec.inputs, *spec.noise):
        values = [f.minimum, f.maximum, *generator.integers(f.minimum, f.maximum, 14, endpoint=True)]
        given[f.name] = generator.choice(values, _UPDATES)
    for name, found in evaluate({name: terms[name] for name in left}, given).items():
        f, results = fields[name], np.atleast_1d(found)
        wrong = results[(results < f.minimum) | (results > f.maximum)]
        if wrong.size:
            yield Finding(
                place=where(source.path, source.text, "name", f.name),
                text=f"the step gives {f.name}={wrong[0]}; allowed are {f.minimum}..{f.maximum}, {f.bits} "
                f"bit{'s' * (f.bits > 1)}{' signed' * f.signed}: clip it, or widen the field",
            )


def _bits(term: Term) -> int:
    return max((each.bits for each in subterms([term])), default=1)


def _variable(term: Term | None) -> str:
    return str(term.detail) if term is not None and term.operation == "variable" else ""


def _read_elsewhere(terms: dict[str, Term], name: str) -> bool:
    others = [term for result, term in terms.items() if result != f"next_{name}"]
    return any(_variable(term) == name for term in subterms(others))


def _function(source: RuleFile, function: Any) -> str:
    code = getattr(function, "__code__", None)
    line = code.co_firstlineno if code is not None and code.co_filename == str(source.path) else 1
    return f"{source.path}:{line}"


def _raised(source: RuleFile, error: BaseException, function: Any) -> str:
    """Return where in the file an error came up."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(source.path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{source.path}:{line}" if line else _function(source, function)


def _line(source: RuleFile, text: str) -> str:
    """Return the place that an error's text names."""
    found = re.search(rf"line (\d+) of {re.escape(source.path.name)}", text)
    return f"{source.path}:{found[1]}" if found else ""


def cost_of(rule: Rule, config: Any, timing: Timing) -> str:
    """Return what a datapath takes, as the compiler counts it, in a line."""
    made = compiled(with_runtime(rule, rule.config_type.RUNTIME), timing)
    design = CoreDesign(name="core", rule=made, config=config, synapses=1)
    design.check_ports()
    pipeline: Pipeline = made.datapath.pipeline(design)
    adders = sum(node.bits for node in pipeline.nodes if node.operation in ("add", "sub"))
    products = [node for node in pipeline.nodes if node.operation == "mul"]
    sizes = ", ".join("x".join(str(a.bits) for a in node.arguments) for node in products)
    noise = sum(f.bits for f in design.spec.noise)
    mhz = 1000 / pipeline.schedule.period
    return (
        f"cost on {timing.target}: {pipeline.latency} stage{'s' * (pipeline.latency > 1)} at {mhz:.0f} MHz, "
        f"{pipeline.registers} register bits, {adders} bits of adders, {len(products)} multiplier{'s' * (len(products) != 1)}"
        f"{f' ({sizes} bits)' if sizes else ''}, {design.spec.state_bits} state bits a synapse"
        f"{f', {noise} random bits an update' if noise else ''}"
    )
