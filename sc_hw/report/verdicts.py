"""What a record's entries say, worked out again: a verdict is not believed, but followed from what was compared, proven, counted.

Each verb's verdict comes from one function, where the verb has it; here it is asked about what stands in the record. So is
whether a run was a whole one. What a record should hold besides, such as the obligations of the design's proof, is asked of the
design, as far as that is known without running anything.
"""

import dataclasses
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from ..accuracy.measure import Variant, figureless
from ..coverage.reach import PROVEN
from ..coverage.report import merge
from ..manifest import Core
from ..mutate.run import gap_of, judged_as
from ..partial import INSTANCES, MUTANTS, SEEDS, SIMULATOR_ONLY, SOLVERS, STEPS, fewer
from ..pnr.result import all_routed, spread
from ..proof import solver
from ..proof.campaign import is_note
from ..proof.datapath import products_of
from ..proof.expected import agreed, difference, statements_of
from ..proof.ledger import check_ledger, ledger_record
from ..proof.question import model_terms
from ..proof.result import WORDS, Obligation, is_lemma, verdict_of
from ..replay.run import different
from ..selftest.run import Outcome, enough_timesteps, faults_of, passes, rule_faults, without_fault
from ..sim.campaign import not_visited, short_of, unlike_campaign
from ..sim.simulate import equal
from ..synth.result import MemoryProof
from .head import wrong_head

__all__ = ["VERDICTS", "Record", "WrongError", "contradiction", "judged", "obligations_of", "outcomes_of", "see", "word"]

Record = Mapping[str, Any]


class WrongError(Exception):
    """An entry of a record does not go with another."""


def contradiction(core: Core, verb: str, record: Record) -> str:
    """Return how the verdict of a record of the core as it is differs from what its entries say; empty when it does not."""
    return judged(core, verb, record, VERDICTS)


def judged(core: Any, verb: str, record: Record, verdicts: Mapping[str, Callable[[Any, Record], tuple[str, ...]]]) -> str:
    """Return the same by ``verdicts``: by verb, what works out a verdict of a record, and why the run was less than whole."""
    if text := wrong_head(core, verb, record):
        return text
    try:
        verdict, *less = verdicts[verb](core, record)
    except WrongError as error:
        return str(error)
    if verb == "sim" and "--allow-system-tasks" in shlex.split(record["command"]):
        less = [*less, SIMULATOR_ONLY]
    if verdict != record["verdict"]:
        return f"verdict is {record['verdict']}, and the rest of it comes to {verdict}"
    missing = [reason for reason in less if reason not in record["partial"]] if verdict == "pass" else []
    return f"called a whole run, and is of {missing[0]}" if missing else ""


def word(good: bool) -> str:
    """Return a verdict."""
    return "pass" if good else "fail"


def obligations_of(record: Record) -> list[Obligation]:
    """Return the obligations of a record of ``prove``."""
    names = ("name", "statement", "verdict", "answers", "note")
    return [Obligation(**{name: entry[name] for name in names}) for entry in record["obligations"]]


def outcomes_of(record: Record) -> list[Outcome]:
    """Return the outcomes of a record of ``selftest``."""
    names = ("fault", "description", "verdict", "evidence")
    return [Outcome(**{name: entry[name] for name in names}) for entry in record["faults"]]


def see(good: Any, text: str) -> None:
    """Raise ``WrongError`` for what is not good."""
    if not good:
        raise WrongError(text)


def _sim(core: Core, record: Record) -> tuple[str, ...]:
    (run,) = record["cores"]
    steps = run["timesteps"]
    see(
        run["mismatch"] or run["synapse_steps"] == steps * core.design.synapses,
        f"{run['synapse_steps']:,} synapse-steps in {steps:,} timesteps of {core.design.synapses:,} synapses",
    )
    see(run["mismatch"] or sum(run["stimuli"].values()) == steps, "timesteps by stimulus do not add up")
    if text := "" if run["mismatch"] else short_of(core.design, run):
        see(False, text)
    recorded = "recorded" in run["stimuli"] or record["partial"].startswith("recorded inputs only")
    if run["mismatch"] or recorded:
        return word(equal(run)), "recorded inputs only" if recorded else ""
    text = unlike_campaign(core.design, run)
    see(not text, text)
    return word(equal(run)), fewer(steps, STEPS, "timesteps"), not_visited(run)


def _prove(core: Core, record: Record) -> tuple[str, ...]:
    obligations = obligations_of(record)
    verdict = WORDS[verdict_of(obligations)]
    if verdict != "pass":
        return (verdict,)
    _proof_of(core, record)
    see(record["counterexample"] is None, "all is proven, and there is a counterexample")
    proven = [o for o in obligations if o.verdict == "proven"]
    said = [(o, solvers) for o in proven if (solvers := agreed(o)) is not None]
    for obligation, solvers in said:
        see(bool(solvers), f"{obligation.name} is proven, and no answer says so")
    others = [o for o in obligations if o.name != "ledger"]
    whole = [o for o in obligations if o.name == "ledger"]
    text = difference(core.design, others) or ("" if whole else "no obligation ledger")
    closed = check_ledger(core.design, others, covers=True)
    if not text and closed.verdict != "proven":
        text = "the ledger does not close"
    if not text and (whole != [closed] or obligations[-1].name != "ledger" or others[0].name != "structure"):
        text = "the ledger is not what closes these obligations, or they are in another order"
    if not text:
        text = _other_words(core, obligations, record.get("tools", {}))
    see(not text or record["partial"].startswith("only "), text)
    needed = [len(set(solvers)) for o, solvers in said if not is_lemma(o.name)]
    return verdict, fewer(min(needed, default=0), len(SOLVERS), "solvers")


def _proof_of(core: Core, record: Record) -> None:
    """See that a proof says it is of this design, and assumes what such a proof does."""
    said = {
        "rule": core.design.rule.name,
        "generator": core.manifest["generator"],
        "config": dataclasses.asdict(core.design.config),
        "assumptions": ledger_record(core.design),
    }
    for name, value in said.items():
        see(record[name] == json.loads(json.dumps(value)), f"{name} is not that of the design's proof")


def _other_words(core: Core, obligations: Sequence[Obligation], tools: Mapping[str, str]) -> str:
    """Return what obligations of a whole proof say, prove or leave out otherwise than the design's; empty when nothing."""
    statements = statements_of(core.design)
    for o in obligations:
        name = o.name.rpartition("/")[2]
        if not o.statement or o.statement != statements.get(o.name, o.statement):
            return f"{o.name} states something else"
        if name == "campaign":
            right = is_note(core.design, o.note)
        elif name.startswith("cover_"):
            right = bool(re.fullmatch(r"reached in clock \d+", o.note))
        else:
            right = o.name not in statements or not o.note
        if not right:
            return f"{o.name} is proven, and its note is {o.note!r}"
        for answer in o.answers:
            solver_version = tools.get(answer["solver"], answer["version"] if answer["solver"] == "verilator" else "")
            if answer["version"] != solver_version:
                return f"{o.name} is answered by {answer['solver']} {answer['version']}, which is none of the tools"
    lemmas = {o.name for o in obligations if is_lemma(o.name)}
    for prefix, design in {f"{place}/": part for place, (_, part) in core.design.parts.items()}.items() or [("", core.design)]:
        wanted = {f"{prefix}product_{k + 1}" for k in range(len(products_of(model_terms(design.rule, design.config))))}
        registers = {name for name in lemmas if name.startswith(f"{prefix}register_")}
        wanted |= {f"{prefix}register_{k + 1}" for k in range(len(registers))}
        if lacks := sorted(wanted - lemmas):
            return f"no lemma {lacks[0]}"
        lemmas -= wanted
    return f"a lemma {min(lemmas)}, which such a design has not" if lemmas else ""


def _selftest(core: Core, record: Record) -> tuple[str, ...]:
    outcomes = outcomes_of(record)
    less = [fewer(record["steps"], enough_timesteps(core), "timesteps a fault")]
    if not passes(outcomes):
        return "fail", *less, fewer(record["instances"], INSTANCES, "faults at instances")
    see(outcomes[0].fault == "(none)", "no run without a fault")
    found = {outcome.fault: outcome for outcome in outcomes}
    see(outcomes[0].evidence == without_fault(record["steps"] * core.design.synapses), "the run without a fault compared less")
    planted = {fault.name: bool(fault.cuts) for fault in faults_of(core)}
    parts = [f"part: {part.folder.name}" for part in core.parts]
    for name in (*planted, *parts):
        see(name in found, f"no fault {name!r}")
    for name, outcome in found.items():
        see(outcome.verdict != "not applicable" or not planted.get(name, name not in parts), f"fault {name!r} is applicable")
        see(outcome.verdict != "invisible" or name not in planted, f"fault {name!r} is visible")
    see(bool(core.parts) or any(fault.cuts for fault in rule_faults(core)), "the rule has no faults of its own")
    at_instances = len(outcomes) - 1 - len(planted) - len(parts)
    return "pass", *less, fewer(min(record["instances"], at_instances), INSTANCES, "faults at instances")


def _mutate(_core: Core, record: Record) -> tuple[str, ...]:
    for mutant in record["mutants"]:
        gap = gap_of(mutant["simulation"], mutant["proof"], rare=mutant["rare"])
        see(gap == mutant["gap"], f"mutant {mutant['number']}: gap is {mutant['gap']!r}, should be {gap!r}")
        see(
            (mutant["simulation"] == "killed") == bool(mutant["difference"]),
            f"mutant {mutant['number']}: killed by no difference",
        )
    numbers = [mutant["number"] for mutant in record["mutants"]]
    see(numbers == list(range(1, 1 + len(numbers))), "mutants are not numbered from 1 on")
    asked = [name for name in record.get("tools", {}) if name in solver.SOLVERS]
    # Each core has as many as are asked for: it is drawn from thousands of bits.
    less = fewer(min(record["count"], len(numbers)), MUTANTS, "mutants"), fewer(len(asked), len(SOLVERS), "solvers")
    return judged_as([mutant["gap"] for mutant in record["mutants"]]), *less


def _coverage(_core: Core, record: Record) -> tuple[str, ...]:
    again, rows = merge([dict(record)]), [*record["totals"], *record["functional"]]
    proven = sum(entry["verdict"] == PROVEN for entry in record["unreached"])
    see(record["gaps"] == again["gaps"], f"gaps is {record['gaps']}, should be {again['gaps']}")
    see(all(row["hit"] + row["unreachable"] <= row["total"] for row in rows), "more reached than there is")
    see(sum(row["total"] - row["hit"] for row in rows) == len(record["unreached"]), "what is not reached is not all listed")
    see(sum(row["unreachable"] for row in rows) == proven, "what is proven unreachable is not all listed")
    return (word(again["verdict"] == "pass" and bool(record["totals"]) and bool(record["functional"])),)


def _synth(core: Core, record: Record) -> tuple[str, ...]:
    for result in record["results"]:
        entries = result["memory"]
        memory = MemoryProof(**{name: entries[name] for name in MemoryProof.__dataclass_fields__})
        target = result["target"]
        see(result["passed"] == (not memory.failures), f"{target}: passed is {result['passed']}; {'; '.join(memory.failures)}")
        see(entries["placement"] == memory.placement, f"{target}: placement should be {memory.placement}")
        bits = sum(core.design.memories)
        see(result["module"] != "core" or memory.expected_bits == bits, f"{target}: memory_bits should be {bits}")
    modules = dict.fromkeys(result["module"] for result in record["results"] if result["module"] != "core")
    return word(all(result["passed"] for result in record["results"])), *(f"only the {module}" for module in modules)


def _pnr(_core: Core, record: Record) -> tuple[str, ...]:
    for result in record["results"]:
        runs, target = result["runs"], result["target"]
        see(result["passed"] == all_routed([run["error"] for run in runs]), f"{target}: passed is {result['passed']}")
        see(
            result["mhz"] == spread([run["mhz"] for run in runs if not run["error"]]),
            f"{target}: clocks are not those of its runs",
        )
        see(len({run["seed"] for run in runs}) == len(runs), f"{target}: a seed twice")
    less = fewer(min(len(result["runs"]) for result in record["results"]), SEEDS, "seeds")
    part = "" if record["module"] == "core" else f"only the {record['module']}"
    return word(all(result["passed"] for result in record["results"])), part, less


def _accuracy(_core: Core, record: Record) -> tuple[str, ...]:
    variants = [Variant(name=v["name"], config=None, runs=tuple(v["runs"])) for v in record["variants"]]
    without = [*record.get("without_figures", []), *figureless(variants)]
    for variant, entry in zip(variants, record["variants"], strict=True):
        see(
            len(variant.runs) == len(record["seeds"]), f"{variant.name}: {len(variant.runs)} runs of {len(record['seeds'])} seeds"
        )
        see(all(run.keys() == entry["median"].keys() for run in variant.runs), f"{variant.name}: figures without runs")
        for name, figure in entry["median"].items() if variant.runs else ():
            see(figure == median(run[name] for run in variant.runs), f"{variant.name}: {name} is not the median of its runs")
    see(len({*record["seeds"]}) == len(record["seeds"]), "a seed twice")
    return (word(bool(record["seeds"]) and not without),)


def _replay(_core: Core, record: Record) -> tuple[str, ...]:
    see(record["expected"].keys() == record["found"].keys(), "other ports are found than expected")
    return (word(bool(record["expected"]) and not different(record["expected"], record["found"])),)


VERDICTS: dict[str, Callable[[Core, Record], tuple[str, ...]]] = {
    "sim": _sim,
    "prove": _prove,
    "selftest": _selftest,
    "mutate": _mutate,
    "coverage": _coverage,
    "synth": _synth,
    "pnr": _pnr,
    "accuracy": _accuracy,
    "replay": _replay,
}
