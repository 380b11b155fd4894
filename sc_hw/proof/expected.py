"""What a proof of everything consists of: the obligations of a design by name, known before anything is asked."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sc_hw_models.parts import NEURONS, SYNAPSE, part
from sc_hw_models.rule import Rule

from ..rtl.design import CoreDesign
from .campaign import CAMPAIGN
from .engine import LANE_NOISE, covers_of_engine, statements_of_engine
from .graph import covers_of_graph, statements_of_graph
from .memories import MEMORY, memory_name, own_memories
from .result import Obligation, is_lemma
from .structure import DEFINED, STRUCTURE

__all__ = ["agreed", "asked_of", "difference", "statements_of"]

# By the tool that answers; all others are asked of every solver, which must say that there is no counterexample.
_READ = re.compile(r"(structure|defined|(.*/)?engine_initial)\Z")
_SHOWN = re.compile(r"(.*/)?(samples|cover_\w+)\Z")
_RAN = re.compile(r"campaign\Z")
_COUNTED = re.compile(r"(ledger|(.*/)?state_bits)\Z")


def asked_of(design: CoreDesign, *, covers: bool = True) -> Counter[str]:
    """Return how many obligations of each name the proof of a design has: all but lemmas and the ledger, which closes it."""
    return Counter(["structure", "defined", *_asked(design, "", covers), *["campaign"] * covers])


def _asked(design: CoreDesign, prefix: str, covers: bool) -> Iterator[str]:
    memories = [memory_name(design, module) for module in own_memories(design)]
    graph = design.graph
    if graph:
        if design.rule.whole:
            yield from _theorems(design.rule.whole, design.config)
        for place, (_, inner) in design.parts.items():
            yield from _asked(inner, f"{place}/", covers)
        groups = [*statements_of_graph(graph), *(covers_of_graph(graph) if covers else [])]
        names = memories + [name for group in groups for name in group]
    else:
        spec = design.spec
        names = ["samples", "hold", "widths", "fields", *(f"next_{f.name}" for f in spec.state)]
        names += [*(f"out_{f.name}" for f in spec.outputs), "lane_word", "lane_ports", "clear_word", "state_bits"]
        if spec.lfsr:
            names += LANE_NOISE
        groups = [*statements_of_engine(design), *(covers_of_engine(design) if covers else [])]
        names += memories + [name for group in groups for name in group] + ["engine_initial"] * bool(design.initial)
    yield from (prefix + name for name in names)


def statements_of(design: CoreDesign, prefix: str = "") -> dict[str, str]:
    """Return the statements of the obligations about engines, memories, and what joins cores, by name, and those of the whole."""
    graph, texts = design.graph, dict[str, str]()
    own, covers = (
        (statements_of_graph(graph), covers_of_graph(graph))
        if graph
        else (statements_of_engine(design), covers_of_engine(design))
    )
    for group in own:
        texts |= group
    for group in covers:
        texts |= {name: f"not vacuous: {text}" for name, text in group.items()}
    texts |= {memory_name(design, module): MEMORY.format(module) for module in own_memories(design)}
    texts = {prefix + name: text for name, text in texts.items()}
    for place, (_, inner) in design.parts.items():
        texts |= statements_of(inner, f"{place}/")
    return texts if prefix else texts | {"structure": STRUCTURE, "defined": DEFINED, "campaign": CAMPAIGN}


def _theorems(rule: Rule, config: Any) -> Iterator[str]:
    """Yield the theorems about the parts of a crossbar's rule and about its rest."""
    spec = rule.spec(config)
    outputs = {f.name for f in spec.outputs}
    for owner in (*NEURONS, SYNAPSE):
        own = part(rule, owner).spec(config)
        if own.state or outputs & {f.name for f in own.outputs}:
            yield f"{owner}_part"
    if spec.rest is not None:
        yield from (f"rest_{name}_{suffix}" for name in ("quiet", "inert") for suffix in ("trace", "spike"))


def difference(design: CoreDesign, obligations: Collection[Obligation], *, covers: bool = True) -> str:
    """Return the first obligation that a proof of everything lacks, or has too often; empty when there is none.

    The ledger, which is last, is not looked for; without ``covers`` neither is what shows that the rest is not vacuous.
    """
    found = Counter(o.name for o in obligations if not is_lemma(o.name) and o.name != "ledger")
    wanted = asked_of(design, covers=covers)
    for name, count in wanted.items():
        if found[name] < count:
            return f"no obligation {name}"
    return next((f"obligation {name}, which such a design has not" for name in found if found[name] > wanted[name]), "")


def agreed(obligation: Obligation) -> Collection[str] | None:
    """Return the solvers that say that an obligation holds; ``None`` of one that is not asked of several, and was answered."""
    answers = {answer["solver"]: answer["answer"] for answer in obligation.answers}  # the last of each
    if _COUNTED.match(obligation.name):
        return None
    for pattern, word in ((_READ, "read"), (_SHOWN, "sat"), (_RAN, "ran")):
        if pattern.match(obligation.name):
            return None if answers and set(answers.values()) == {word} else ()
    return [solver for solver, word in answers.items() if word == "unsat"]
