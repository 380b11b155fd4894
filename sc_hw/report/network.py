"""Records of a network: their shapes, and their verdicts worked out again from what was compared, proven, planted, counted."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from ..network_folder import EmittedNetwork
from ..partial import SOLVERS, STEPS, fewer
from ..proof.expected import agreed
from ..proof.network.blocks import question_of
from ..proof.network.chance import chance_statements
from ..proof.network.fits import fits
from ..proof.network.ledger import check_network_ledger, network_ledger_record
from ..proof.network.memories import memory_statements
from ..proof.network.prove import network_obligations, simulated_only
from ..proof.result import WORDS, Obligation, is_lemma, verdict_of
from ..selftest.network import ENOUGH
from ..selftest.run import passes
from ..sim.network.bench import projection_places
from ..sim.network.run import unlike_campaign
from .join import Reading, Report, join, summary_of
from .schema import RECORDS, Count, Fault, Prove, Record, Text
from .verdicts import VERDICTS, judged, obligations_of, outcomes_of, see, word

__all__ = ["NETWORK", "network_report", "statements_of"]

Recorded = Mapping[str, Any]


class _Scene(Struct):
    reset: Count
    clocks: Count


class _Run(Struct):
    mismatch: Text | None
    samples: Count
    learned: Count
    values_compared: Count
    words_written: Count
    resets: Count
    host_accesses: Count
    clocks: Count
    flowing_samples: Count
    flowing_clocks: Count
    corners: dict[str, _Scene]
    busy: dict[str, dict[str, Count]]


class _Sim(Record, kw_only=True):
    runs: Annotated[list[_Run], Meta(min_length=1, max_length=1)]
    seed: Count


class _Selftest(Record, kw_only=True):
    faults: list[Fault]
    samples: Count
    seed: Count


class _Prove(Prove, kw_only=True):
    simulated_only: list[dict[str, str]]


_VERBS = ("sim", "prove", "selftest", "mutate", "synth", "pnr")


def _sim(network: EmittedNetwork, record: Recorded) -> tuple[str, ...]:
    (run,) = record["runs"]
    if run["mismatch"]:
        return ("fail",)
    samples, design = run["samples"], network.design
    see(set(run["busy"]) == set(projection_places(design)), "projections are others than the network has")
    see(run["learned"] <= samples, f"{run['learned']:,} of {samples:,} samples learned")
    least = 2 * design.synapses  # all through the host, at power-up and in the end
    see(run["host_accesses"] >= least, f"{run['host_accesses']:,} accesses of the host, and a campaign has {least:,} at least")
    least = samples * (1 + sum(p.size for p in design.spec.order if p is not design.spec.input))
    see(run["values_compared"] >= least, f"{run['values_compared']:,} values of {samples:,} samples, which have {least:,}")
    see(run["flowing_samples"] <= samples and run["clocks"] >= run["flowing_clocks"], "more samples or clocks than there were")
    text = unlike_campaign(design, run)
    see(not text, text)
    return word(samples > 0 and run["values_compared"] > 0), fewer(samples, STEPS, "samples")


def statements_of(network: EmittedNetwork) -> dict[str, str]:
    """Return what obligations of blocks state, by name."""
    found = dict[str, str]()
    for place, block in network.design.blocks.items():
        own = memory_statements(block) | chance_statements(block) | dict(question_of(block).statements)
        own |= {name: text for name, text, _ in fits(network.design, block)}
        found |= {f"{place}/{name}": text for name, text in own.items()}
    return found


def _prove(network: EmittedNetwork, record: Recorded) -> tuple[str, ...]:
    obligations = obligations_of(record)
    verdict = WORDS[verdict_of(obligations)]
    only = simulated_only(network)
    told = [{"name": name, "statement": text} for name, text in only.items()]
    see(record["simulated_only"] == told, "what is simulated only is not what this network's proof leaves")
    less = f"simulated only: {', '.join(only)}"
    if verdict != "pass":
        return verdict, less
    said = {"rule": "network", "generator": network.manifest["generator"], "config": {}}
    said["assumptions"] = network_ledger_record(network.design)
    for name, value in said.items():
        see(record[name] == json.loads(json.dumps(value)), f"{name} is not that of the network's proof")
    see(record["counterexample"] is None, "all is proven, and there is a counterexample")
    if not record["partial"].startswith("only "):
        _whole(network, obligations)
    solvers = [(o, found) for o in obligations if o.verdict == "proven" and (found := _agreed(o)) is not None]
    for obligation, found in solvers:
        see(found, f"{obligation.name} is proven, and no answer says so")
    needed = [len(set(found)) for o, found in solvers if not is_lemma(o.name)]
    return verdict, less, fewer(min(needed, default=0), len(SOLVERS), "solvers")


def _agreed(obligation: Obligation) -> Collection[str] | None:
    """Return what ``agreed`` does, of what only a network has, too: widths are worked out, contents are read."""
    name = obligation.name.rpartition("/")[2]
    if name == "fits":
        return None
    if name.startswith("initial_"):
        return None if [answer["answer"] for answer in obligation.answers] == ["read"] else ()
    return agreed(obligation)


def _whole(network: EmittedNetwork, obligations: list[Obligation]) -> None:
    """See that a proof of everything has all obligations of the network, with their statements, and that its ledger closes."""
    wanted = [*network_obligations(network), "campaign"]
    names = [o.name for o in obligations]
    for name in (*wanted, "ledger"):
        see(name in names, f"no obligation {name}")
    see(len(set(names)) == len(names), "an obligation twice")
    for place, block in network.design.blocks.items():
        for name, _, wrong in fits(network.design, block):
            see(not wrong, f"{place}/{name} is proven, and {wrong}")
    statements = statements_of(network)
    for o in obligations:
        see(o.statement and o.statement == statements.get(o.name, o.statement), f"{o.name} states something else")
    others = [o for o in obligations if o.name != "ledger"]
    closed = check_network_ledger(network.design, others, wanted)
    see(closed.verdict == "proven" and obligations[-1] == closed, "the ledger does not close")


def _selftest(network: EmittedNetwork, record: Recorded) -> tuple[str, ...]:
    outcomes = outcomes_of(record)
    less = fewer(record["samples"], ENOUGH, "samples a fault")
    if not passes(outcomes):
        return "fail", less
    found = {outcome.fault: outcome for outcome in outcomes}
    see(outcomes[0].fault == "(none)", "no run without a fault")
    for fault in network.design.faults():
        see(fault.name in found, f"no fault {fault.name!r}")
        right = "caught" if fault.cuts else "not applicable"
        see(found[fault.name].verdict == right, f"fault {fault.name!r} is {found[fault.name].verdict}, should be {right}")
    return "pass", less


_JUDGES: dict[str, Callable[[Any, Recorded], tuple[str, ...]]] = {
    "sim": _sim,
    "prove": _prove,
    "selftest": _selftest,
    **{verb: VERDICTS[verb] for verb in ("mutate", "synth", "pnr")},
}


def _contradiction(network: EmittedNetwork, verb: str, record: Recorded) -> str:
    return judged(network, verb, record, _JUDGES)


def _summary(verb: str, record: dict[str, Any]) -> str:
    if verb == "sim":
        (run,) = record["runs"]
        if run["mismatch"]:
            return str(run["mismatch"]["text"].splitlines()[0])
        return (
            f"{run['samples']:,} samples, {run['learned']:,} learned, {run['values_compared']:,} values equal, "
            f"seed {record['seed']}"
        )
    text = summary_of(verb, record)
    if verb == "prove" and record["simulated_only"]:
        return f"{text}; simulated only: {', '.join(row['name'] for row in record['simulated_only'])}"
    return text


def _partial(verb: str, records: Mapping[str, dict[str, Any]]) -> str:
    """Return why a record is of less than a whole run: a proof's part that is simulated only is none beside a whole ``sim``."""
    partial, sim = str(records[verb]["partial"]), records.get("sim")
    if verb != "prove" or sim is None or (sim["verdict"], sim["partial"]) != ("pass", ""):
        return partial
    if sim["core_sha256"] != records[verb]["core_sha256"]:
        return partial
    names = ", ".join(row["name"] for row in records[verb]["simulated_only"])
    return "".join(partial.split(f"simulated only: {names}")).strip("; ")


NETWORK = Reading(
    records={verb: RECORDS[verb] for verb in ("mutate", "synth", "pnr")} | {"sim": _Sim, "prove": _Prove, "selftest": _Selftest},
    contradiction=_contradiction,
    summary=_summary,
    partial=_partial,
)


def network_report(network: EmittedNetwork) -> Report:
    """Join the records of a network. Errors: as ``join``."""
    return join(network, _VERBS, NETWORK)
