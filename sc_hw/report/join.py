"""Joins the records in a core's results folder: what ran, what it says, and whether it still belongs to this core."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UserError, in_shell, one_line
from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..records import RECORD_SCHEMA, WAVEFORM
from ..replay.run import different
from ..selftest.run import counted
from .schema import RECORDS, read_record, read_waveform
from .verdicts import contradiction

__all__ = ["TITLES", "Entry", "Reading", "Report", "join", "summary_of"]

TITLES = {
    "sim": "Parity by simulation",
    "prove": "Proof",
    "selftest": "Planted faults",
    "mutate": "Mutants",
    "coverage": "Coverage",
    "synth": "Resources",
    "pnr": "Place and route",
    "accuracy": "Accuracy",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One verb: its record, or none and the ``command`` that makes one.

    ``status`` is the record's verdict, ``partial`` for one that is good but of less than a whole run, ``stale`` when it was
    made from other files than the core's present ones, ``not run`` without a record.
    """

    verb: str
    status: str
    summary: str
    command: str
    record: dict[str, Any] | None

    @property
    def title(self) -> str:
        """The verb for a reader."""
        return TITLES.get(self.verb, self.verb)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How records are read: the type of each verb's, what contradicts one, it in a line, why it is of less than a whole run."""

    records: Mapping[str, Any]
    contradiction: Callable[[Any, str, Mapping[str, Any]], str]
    summary: Callable[[str, dict[str, Any]], str]
    partial: Callable[[str, Mapping[str, dict[str, Any]]], str]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Every verb of a core or network; ``waveform`` is the demonstration that ``sim`` recorded with these files, if any.

    ``blocks`` are the reports of blocks inside, by place, of which there are records.
    """

    core: Core | EmittedNetwork
    entries: tuple[Entry, ...]
    waveform: dict[str, Any] | None
    blocks: Mapping[str, "Report"] = field(default_factory=dict)

    @property
    def present(self) -> list[Entry]:
        """The entries that have a record."""
        return [entry for entry in self.entries if entry.record]

    @property
    def missing(self) -> list[Entry]:
        """The entries that have none."""
        return [entry for entry in self.entries if not entry.record]

    @property
    def verdict(self) -> str:
        """``pass`` when there is a record, and every one is good, of a whole run and of the core as it is.

        ``partial`` when one is good, but of less than a whole run, and nothing is wrong; else ``fail``. What is wrong with a
        block inside is wrong with the whole; what is good of it, or partial, shows nothing of the whole.
        """
        found = {entry.status for entry in self.present}
        found |= {report.verdict for report in self.blocks.values()} & {"fail"}
        return "fail" if not found or found - {"pass", "partial"} else "partial" if "partial" in found else "pass"

    def record(self, verb: str) -> dict[str, Any] | None:
        """Return a verb's record, stale or not."""
        return next((entry.record for entry in self.entries if entry.verb == verb), None)

    def to_dict(self) -> dict[str, Any]:
        """Return what was joined, ready for JSON."""
        entries = [{"verb": e.verb, "status": e.status, "summary": e.summary, "command": e.command} for e in self.entries]
        return {
            "verb": "report",
            "verdict": {"partial": "unknown"}.get(self.verdict, self.verdict),
            "entries": entries,
            "records": {entry.verb: entry.record for entry in self.present},
            **({"blocks": {place: block.to_dict() for place, block in self.blocks.items()}} if self.blocks else {}),
        }


def join(core: Core | EmittedNetwork, verbs: Collection[str], reading: Reading | None = None, block: str = "") -> Report:
    """Read every record of a core; ``verbs`` are those there are, of which a missing record is worth a word.

    Without a ``reading`` they are read as those of a core; those of a ``block`` inside are where its place is.

    Errors: ``UserError`` for a file in its results that is no record of this version, or whose verdict is not what it holds.
    """
    reading = reading or Reading(records=RECORDS, contradiction=contradiction, summary=summary_of, partial=_partial)
    results = core.folder / "results" / (f"blocks/{block}" if block else "")
    paths = {path.stem: path for path in sorted(results.glob("*.json")) if path.name not in (WAVEFORM, "report.json")}
    for path in paths.values():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", path.stem):
            raise UserError(f"{results}: {one_line(path.name)!r} is not called after a verb; remove it")
    listed = [verb for verb in TITLES if verb in verbs or verb in paths] + [verb for verb in paths if verb not in TITLES]
    found = {verb: read_record(paths[verb], RECORD_SCHEMA, reading.records) for verb in listed if verb in paths}
    entries = tuple(_entry(core, verb, found, reading, block) for verb in listed)
    if block:
        return Report(core=core, entries=entries, waveform=None)
    drawn = results / WAVEFORM
    waveform = read_waveform(drawn, "sc-hw/waveform/1") if os.path.lexists(drawn) else None
    current = waveform if waveform and waveform["core_sha256"] == core.digest else None
    return Report(core=core, entries=entries, waveform=current and current["demonstration"])


def _partial(verb: str, records: Mapping[str, dict[str, Any]]) -> str:
    return str(records[verb]["partial"])


def _entry(core: Core | EmittedNetwork, verb: str, records: Mapping[str, dict[str, Any]], reading: Reading, block: str) -> Entry:
    record = records.get(verb)
    command = f"sc-hw {verb} {in_shell(core.folder)}{f' --block {block}' if block else ''}"
    if record is None:
        return Entry(verb=verb, status="not run", summary=f"run: {command}", command=command, record=None)
    if record["core_sha256"] != core.digest:
        summary = f"made from other files than these; run again: {command}"
        return Entry(verb=verb, status="stale", summary=summary, command=command, record=record)
    if text := reading.contradiction(core, verb, record):
        path = core.folder / "results" / (f"blocks/{block}" if block else "") / f"{verb}.json"
        raise UserError(f"{one_line(path)}: not what its entries say ({one_line(text)}); run {command} or remove it")
    status, summary, partial = record["verdict"], reading.summary(verb, record), reading.partial(verb, records)
    if partial:
        status, summary = "partial" if status == "pass" else status, f"{partial}: {summary}"
    return Entry(verb=verb, status=status, summary=summary, command=record["command"], record=record)


def summary_of(verb: str, record: dict[str, Any]) -> str:
    """Return the counts behind a verdict in one line."""
    match verb:
        case "sim":
            (core,) = record["cores"]
            if core["mismatch"]:
                return str(core["mismatch"]["text"].splitlines()[0])
            values = sum(core[f"{kind}_values_compared"] for kind in ("state", "output", "host"))
            return f"{core['synapse_steps']:,} synapse-steps, {values:,} values equal, seed {record['seed']}"
        case "prove":
            proven = sum(o["verdict"] == "proven" for o in record["obligations"])
            solvers = dict.fromkeys(a["solver"] for o in record["obligations"] for a in o["answers"])
            return f"{proven} of {len(record['obligations'])} obligations proven by {' and '.join(solvers)}"
        case "selftest":
            return f"{counted(record['faults'])}, seed {record['seed']}"
        case "mutate":
            gap = sum(bool(mutant["gap"]) for mutant in record["mutants"])
            return f"{len(record['mutants'])} mutants, {gap} in the gap, seed {record['seed']}"
        case "coverage":
            hit = sum(row["hit"] for rows in (record["totals"], record["functional"]) for row in rows)
            proven = len(record["unreached"]) - record["gaps"]
            return f"{hit:,} points reached, {proven} proven unreachable, {record['gaps']} gaps"
        case "replay":
            return f"{record['obligation']}: {len(different(record['expected'], record['found']))} ports differ"
        case "synth":
            failed = [result["target"] for result in record["results"] if not result["passed"]]
            claim = f"state not in memory on {', '.join(failed)}" if failed else "state in memory on every one"
            return f"{len(record['results'])} target{'s' if len(record['results']) > 1 else ''}, {claim}"
        case "pnr":
            clocks = [
                f"{r['target']} {r['mhz']['median']:.1f} MHz" if r["mhz"] else f"{r['target']} not routed"
                for r in record["results"]
            ]
            return f"post-route median of {len(record['results'][0]['runs'])} seeds: {', '.join(clocks)}"
        case "accuracy":
            without = record.get("without_figures", [])
            seeds = f"over {len(record['seeds'])} seeds"
            return f"no figures of {', '.join(without)} {seeds}" if without else f"measured against float {seeds}"
    raise ValueError(verb)
