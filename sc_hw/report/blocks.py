"""Records of blocks inside a core, layer or crossbar: their shapes, and their verdicts, worked out again as the whole's are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..blocks.place import Placed
from ..blocks.planted import faults_of
from ..errors import UserError, one_line
from ..manifest import Core
from ..partial import INSTANCES, SOLVERS, STEPS, fewer
from ..proof.alone import assumed_of, statements_alone
from ..proof.expected import agreed
from ..proof.result import WORDS, verdict_of
from ..rtl.blocks import blocks_of
from ..selftest.run import passes
from ..synth.result import MemoryProof
from .join import Reading, Report, join, summary_of
from .schema import RECORDS, Count, Record, Text
from .verdicts import VERDICTS, judged, obligations_of, outcomes_of, see, word

__all__ = ["with_blocks"]

Recorded = Mapping[str, Any]


class _Sim(Record, kw_only=True):
    block: str
    module: str
    mismatch: Text | None
    timesteps: Count
    beats: Count
    resets: Count
    held: Count
    seed: Count


_RECORDS = {"sim": _Sim} | {verb: RECORDS[verb] for verb in ("prove", "selftest", "mutate", "synth", "pnr")}


def with_blocks(report: Report) -> Report:
    """Return a report of a core with those of the blocks inside of which there are records.

    Errors: as ``join``, and ``UserError`` for results of a block that the core has not.
    """
    core = report.core
    results = core.folder / "results" / "blocks"
    if not isinstance(core, Core) or not results.is_dir():
        return report
    blocks = {place: Placed(core=core, place=place, block=block) for place, block in blocks_of(core.design).items()}
    found = sorted(path.name for path in results.iterdir())
    if strange := [name for name in found if name not in blocks]:
        raise UserError(f"{results}: {one_line(strange[0])!r} is called after no block of {core.design.name}; remove it")
    return replace(report, blocks={place: join(core, (), _reading(blocks[place]), place) for place in blocks if place in found})


def _reading(placed: Placed) -> Reading:
    def contradiction(core: Any, verb: str, record: Recorded) -> str:
        for name, value in placed.named.items():
            if record.get(name) != value:
                return f"{name} is {record.get(name)!r}, not {value!r}"
        return judged(core, verb, record, {name: _of(placed, verdict) for name, verdict in _VERDICTS.items()})

    return Reading(
        records=_RECORDS, contradiction=contradiction, summary=_summary, partial=lambda verb, found: str(found[verb]["partial"])
    )


def _of(placed: Placed, verdict: Callable[[Placed, Recorded], tuple[str, ...]]) -> Callable[[Any, Recorded], tuple[str, ...]]:
    return lambda _core, record: verdict(placed, record)


def _summary(verb: str, record: dict[str, Any]) -> str:
    match verb:
        case "sim":
            counted = f"{record['timesteps']:,} timesteps, {record['beats']:,} beats equal, seed {record['seed']}"
            return str(record["mismatch"]["text"]) if record["mismatch"] else counted
        case "synth":
            names = {"lut": "LUT", "ff": "FF", "block_ram": "BRAM"}
            costs = [
                (one["target"], ", ".join(f"{one['resources'][key]:,g} {name}" for key, name in names.items()))
                for one in record["results"]
            ]
            return "; ".join(f"{target}: {cost}" for target, cost in costs)
    return summary_of(verb, record)


def _sim(_placed: Placed, record: Recorded) -> tuple[str, ...]:
    if record["mismatch"]:
        return ("fail",)
    see(record["timesteps"] > 0 and record["beats"] > 0, "no difference, and nothing was compared")
    return "pass", fewer(record["timesteps"], STEPS, "timesteps")


def _prove(placed: Placed, record: Recorded) -> tuple[str, ...]:
    obligations = obligations_of(record)
    verdict = WORDS[verdict_of(obligations)]
    if verdict != "pass":
        return (verdict,)
    core = placed.core
    wanted = json.loads(json.dumps(assumed_of(core, placed.block)))
    see(record["assumptions"] == wanted, "assumptions is not that of the block's proof")
    found = {o.name: o for o in obligations}
    for name, statement in statements_alone(core, placed.place, placed.block).items():
        see(name in found, f"no obligation {name}")
        see(found[name].statement == statement, f"{name} states something else")
    for name in ("structure", "defined", "campaign"):
        see(name in found, f"no obligation {name}")
    said = [solvers for o in obligations if (solvers := agreed(o)) is not None]
    see(all(said), "something is proven, and no answer says so")
    return verdict, fewer(min((len(set(solvers)) for solvers in said), default=0), len(SOLVERS), "solvers")


def _selftest(placed: Placed, record: Recorded) -> tuple[str, ...]:
    outcomes = outcomes_of(record)
    less = fewer(record["steps"], STEPS, "timesteps a fault"), fewer(record["instances"], INSTANCES, "faults at instances")
    if not passes(outcomes):
        return "fail", *less
    found = {outcome.fault: outcome for outcome in outcomes}
    for fault in faults_of(placed):
        see(fault.name in found and found[fault.name].verdict == "caught", f"fault {fault.name!r} is not caught")
    return "pass", *less


def _synth(placed: Placed, record: Recorded) -> tuple[str, ...]:
    for result in record["results"]:
        entries = result["memory"]
        memory = MemoryProof(**{name: entries[name] for name in MemoryProof.__dataclass_fields__})
        target, bits = result["target"], sum(placed.memory_bits)
        see(result["passed"] == (not memory.failures), f"{target}: passed is {result['passed']}; {'; '.join(memory.failures)}")
        see(result["module"] == placed.place, f"{target}: module is {result['module']!r}")
        see(memory.expected_bits == bits, f"{target}: memory_bits should be {bits}")
    return (word(all(result["passed"] for result in record["results"])),)


def _pnr(placed: Placed, record: Recorded) -> tuple[str, ...]:
    verdict, _part, *less = VERDICTS["pnr"](placed.core, record)  # a block is whole by itself
    return verdict, *less


_VERDICTS: dict[str, Callable[[Placed, Recorded], tuple[str, ...]]] = {
    "sim": _sim,
    "prove": _prove,
    "selftest": _selftest,
    "mutate": lambda placed, record: VERDICTS["mutate"](placed.core, record),
    "synth": _synth,
    "pnr": _pnr,
}
