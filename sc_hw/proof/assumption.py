"""What a harness assumes, as data: who answers for it, and in which designs it is assumed at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

__all__ = ["CHOICE", "DEFINITION", "PROVEN", "READ", "RESET", "STAYS", "USER", "WORD", "Assumption", "Names", "before", "proven"]

USER, CHOICE, DEFINITION, PROVEN = "of the user", "any one stands for all", "a definition", "proven"
WORD = "a word (a lane, a row, a slot) that exists"
RESET = "rst is high in the first clock"
READ = "a read gives what was last written, unless the word is written in that clock"
STAYS = "while a memory is not read, what it gave stays"
# Names of obligations of a design, each begun with a prefix: where they depend on what the design is.
Names = Callable[[Any, str], Iterable[str]]


def _always(_design: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One assumption of one harness.

    ``kind`` says who answers for it: the user of the core, as the documentation tells; nobody, where one word is chosen
    that stands for all, or a name is given to a value; or a proof, that of the obligations ``by``: names, where ``/`` begins
    one of the whole that a part belongs to and ``<part>/`` one of a part, or a function that gives them. With ``before``, what
    is assumed of a clock follows from clocks before it alone, so that two proofs may lean on each other and are still no circle.
    ``when`` tells the designs whose proof assumes it.
    """

    harness: str
    name: str
    meaning: str
    kind: str
    by: tuple[str | Names, ...] = ()
    before: bool = False
    when: Callable[[Any], bool] = _always


def proven(
    harness: str, name: str, meaning: str, *by: str | Names, when: Callable[[Any], bool] = _always, before: bool = False
) -> Assumption:
    """Return an assumption that obligations discharge."""
    return Assumption(harness=harness, name=name, meaning=meaning, kind=PROVEN, by=by, when=when, before=before)


before = partial(proven, before=True)
"""Return an assumption that obligations discharge, of a clock from the clocks before it alone."""
