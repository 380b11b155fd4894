"""What a proof found: obligations, a counterexample, the record of both."""

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["PARTS", "WORDS", "Counterexample", "Obligation", "ProofResult", "is_lemma", "verdict_of"]

WORDS = {"proven": "pass", "refuted": "fail", "unknown": "unknown"}
"""What a record calls the verdict of a proof."""
PARTS = ("datapath", "lane", "engine")
"""What a proof is of: the rule's step, the lane around it with what the engine gives it, the engine and its memories."""


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """One statement and what each solver said of it: ``proven``, ``refuted``, ``unknown``, ``skipped`` or ``no cut``.

    The last is a lemma that does not hold and is not needed: what it would have made easy is asked without it.
    """

    name: str
    statement: str
    verdict: str
    answers: list[dict[str, Any]]
    note: str = ""

    @property
    def seconds(self) -> float:
        """Time of all solvers together."""
        return float(sum(answer["seconds"] for answer in self.answers))


def is_lemma(name: str) -> bool:
    """Return whether an obligation so called only makes others easy; which of these there are depends on the netlist."""
    return bool(re.fullmatch(r"(.*/)?(product|register)_\d+", name))


def verdict_of(obligations: Collection[Obligation]) -> str:
    """Return ``proven`` when there are obligations and every one is, ``refuted`` when one is, else ``unknown``."""
    verdicts = {o.verdict for o in obligations if o.verdict != "no cut" or not is_lemma(o.name)}
    return "refuted" if "refuted" in verdicts else "proven" if verdicts == {"proven"} else "unknown"


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """Values that refute an obligation: of the update that enters, and what its results should be and are.

    ``run`` holds the inputs of the lane clock by clock, from registers that are all 0; after its last clock edge, while
    the last inputs are held, the lane shows ``found``. Without a run the values are the solver's, and ``before`` holds
    the registers when the update enters, ``later`` the inputs of the clocks that follow; a correct pipeline depends on neither.
    ``part`` is the place of the core whose lane it is, in what has several, and the name of the obligation begins with it.
    """

    obligation: str
    state: dict[str, int]
    inputs: dict[str, int]
    expected: dict[str, int]
    found: dict[str, int]
    before: dict[str, int]
    later: list[dict[str, int]]
    run: list[dict[str, int]]
    part: str = ""

    def inside(self, place: str) -> "Counterexample":
        """Return the counterexample as one of the design that has this core at ``place``."""
        return replace(self, part=place, obligation=f"{place}/{self.obligation}")

    @property
    def text(self) -> str:
        """The counterexample for a terminal."""
        wrong = {name: value for name, value in self.expected.items() if self.found[name] != value}
        rows = [("state", self.state), ("inputs", self.inputs), ("expected", wrong), ("found", {n: self.found[n] for n in wrong})]
        return "\n".join(
            f"  {title:9}" + ", ".join(f"{name} = {value}" for name, value in row.items()) for title, row in rows if row
        )


@dataclass(frozen=True, kw_only=True)
class ProofResult:
    """What became of every obligation of one core."""

    core: str
    rule: str
    config: dict[str, Any]
    generator: str
    edited: tuple[str, ...]
    tools: dict[str, str]
    obligations: list[Obligation]
    counterexample: Counterexample | None
    seconds: float
    assumptions: list[dict[str, Any]]

    @property
    def verdict(self) -> str:
        """What ``verdict_of`` says of all obligations."""
        return verdict_of(self.obligations)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record."""
        obligations = [dataclasses.asdict(o) | {"seconds": o.seconds} for o in self.obligations]
        counterexample = self.counterexample and dataclasses.asdict(self.counterexample) | {"text": self.counterexample.text}
        return {
            "verb": "prove",
            "verdict": WORDS[self.verdict],
            **vars(self),
            "obligations": obligations,
            "counterexample": counterexample,
        }
