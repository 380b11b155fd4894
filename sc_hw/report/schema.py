"""What the report reads of a record, by verb: entries of these types must be there; others are shown as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..errors import UserError, one_line
from ..strict import checked, read_json

__all__ = ["RECORDS", "Count", "Fault", "Prove", "Record", "Text", "read_record", "read_waveform"]

_AGAIN = "run its verb again or remove it"
Count = Annotated[int, Meta(ge=0)]
_Positive = Annotated[int, Meta(gt=0)]
_Figure = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]


class Record(Struct):
    """What every record has."""

    verb: str
    verdict: Literal["pass", "fail", "unknown"]
    core: str
    core_sha256: str
    edited: list[str]
    partial: str
    command: str
    finished: Annotated[str, Meta(pattern=r"^[0-9T:+-]{19,32}\Z")]
    seconds: _Figure = 0
    tools: dict[str, str] = {}
    counts: dict[str, _Figure] = {}


class Text(Struct):
    """A difference, or a path."""

    text: Annotated[str, Meta(min_length=1)]


class _Run(Struct):
    mismatch: Text | None
    synapse_steps: Count
    timesteps: Count
    state_values_compared: Count
    output_values_compared: Count
    host_values_compared: Count
    resets: Count
    clears: Count
    clocks: Count
    stimuli: dict[str, Count]
    corners: dict[str, Count]


class _Sim(Record, kw_only=True):
    cores: Annotated[list[_Run], Meta(min_length=1, max_length=1)]
    seed: Count


class _Answer(Struct):
    solver: str
    version: Annotated[str, Meta(min_length=1)]
    answer: str
    seconds: _Figure


class _Obligation(Struct):
    name: str
    statement: str
    verdict: str
    answers: list[_Answer]
    note: str


class _Counterexample(Struct):
    obligation: str
    text: str


class Prove(Record, kw_only=True):
    """A proof."""

    rule: str
    generator: str
    config: dict[str, Any]
    assumptions: list[Any]
    obligations: list[_Obligation]
    counterexample: _Counterexample | None


class Fault(Struct):
    """A planted fault and what became of it."""

    fault: str
    description: str
    verdict: str
    evidence: str


class _Selftest(Record, kw_only=True):
    faults: list[Fault]
    steps: Count
    seed: Count
    instances: Count


class _Mutant(Struct):
    number: Count
    text: str
    simulation: Literal["killed", "survives"]
    difference: str
    proof: Literal["refuted", "differs", "equivalent", "unknown"]
    rare: bool
    gap: str


class _Mutate(Record, kw_only=True):
    mutants: list[_Mutant]
    count: Count
    seed: Count


class _Covered(Struct):
    total: Count
    hit: Count
    unreachable: Count


class _Unreached(Struct):
    verdict: str


class _Coverage(Record, kw_only=True):
    seed: Count
    gaps: Count
    cores: list[Any]
    totals: list[_Covered]
    functional: list[_Covered]
    unreached: list[_Unreached]


class _Replay(Record, kw_only=True):
    obligation: str
    expected: dict[str, int]
    found: dict[str, int]


class _Resources(Struct):
    lut: _Figure
    ff: _Figure
    block_ram: _Figure
    large_ram: _Figure
    dsp: _Figure


class _Memory(Struct):
    memory_bits: Count
    expected_bits: Count
    synapse_bits: Count
    register_bits: Count
    block_ram_bits: Count
    lut_ram_cells: Count
    left_to_registers: Count
    due_bits: Count
    placement: str


class _Counted(Struct):
    target: str
    part: str
    module: str
    passed: bool
    fits: bool
    memory: _Memory
    resources: _Resources
    capacity: dict[Literal["lut", "ff", "block_ram", "large_ram", "dsp"], _Figure]


class _Synth(Record, kw_only=True):
    results: Annotated[list[_Counted], Meta(min_length=1)]


class _Used(Struct):
    cell: str
    used: Count
    available: _Positive


class _Path(Text):
    logic_ns: _Figure
    routing_ns: _Figure
    levels: Count


class _Seed(Struct):
    seed: Count
    error: str
    mhz: _Figure


class _Placed(Struct):
    target: str
    part: str
    top: str
    passed: bool
    mhz: dict[Literal["minimum", "median", "maximum"], _Figure]
    used: dict[str, _Used]
    path: _Path | None
    runs: list[_Seed]
    untimed: str


class _Pnr(Record, kw_only=True):
    module: str
    results: Annotated[list[_Placed], Meta(min_length=1)]


class _Variant(Struct):
    name: str
    runs: list[dict[str, int | float]]
    median: dict[str, int | float]


class _Accuracy(Record, kw_only=True):
    seeds: list[Count]
    variants: Annotated[list[_Variant], Meta(min_length=1)]
    without_figures: list[str] = []


class _Signal(Struct):
    name: str
    meaning: str
    bits: _Positive
    signed: bool
    values: list[int] | None = None
    expected: list[int] | None = None
    found: list[int] | None = None


class _Stretch(Struct):
    name: str
    timesteps: Count


class _Demonstration(Struct):
    synapse: Count
    stretches: list[_Stretch]
    inputs: Annotated[list[_Signal], Meta(min_length=1)]
    fields: list[_Signal]


class _Waveform(Struct):
    core_sha256: str
    demonstration: _Demonstration | None


RECORDS: dict[str, Any] = {
    "sim": _Sim,
    "prove": Prove,
    "selftest": _Selftest,
    "mutate": _Mutate,
    "coverage": _Coverage,
    "synth": _Synth,
    "pnr": _Pnr,
    "accuracy": _Accuracy,
    "replay": _Replay,
}


def read_record(path: Path, schema: str, records: Mapping[str, Any] = RECORDS) -> dict[str, Any]:
    """Return the record of the verb that a file is called after; ``records`` are the types of each verb's.

    Errors: ``UserError`` names the first entry that is none.
    """
    document = _read(path, schema)
    if path.stem not in records:
        raise UserError(f"{one_line(path)}: of a verb that leaves no records; allowed are {', '.join(records)}; remove it")
    checked(document, records[path.stem], path, "a record", remedy=_AGAIN)
    if document["verb"] != path.stem:
        raise _refused(path, f"it is of the verb {document['verb']!r}")
    for result in document["results"] if path.stem == "pnr" else ():
        if len(result["mhz"]) not in (0, 3):
            raise _refused(path, f"target {result['target']!r} has some of three clocks")
    for variant in document["variants"] if path.stem == "accuracy" else ():
        if variant["median"].keys() != document["variants"][0]["median"].keys():
            raise _refused(path, f"variant {variant['name']!r} has other figures than the first")
    for key, value in document.items():
        _check_shown(path, key, value)
    return document


def read_waveform(path: Path, schema: str) -> dict[str, Any]:
    """Return what ``sim`` left for the drawing. Errors: ``UserError`` names the first entry that is not so."""
    document = _read(path, schema)
    checked(document, _Waveform, path, "a record", remedy=_AGAIN)
    signals = document["demonstration"] or {"inputs": [], "fields": []}
    series = [signal.get("values") for signal in signals["inputs"]]
    series += [signal.get(name) for signal in signals["fields"] for name in ("expected", "found")]
    if any(one is None or len(one) != len(series[0]) for one in series) or (signals["fields"] and not series[0]):
        raise _refused(path, "its series are not of one length")
    return document


def _read(path: Path, schema: str) -> dict[str, Any]:
    document = read_json(path, remedy=_AGAIN)
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise _refused(path, schema)
    return document


def _check_shown(path: Path, key: str, value: Any) -> None:
    """Raise ``UserError`` for an entry that cannot be shown: a list that mixes rows with others, a share that is none."""
    if isinstance(value, list) and any(isinstance(row, dict) != isinstance(value[0], dict) for row in value):
        raise _refused(path, f"{key} mixes rows with other things")
    for name, figure in value.items() if isinstance(value, dict) else ():
        if isinstance(figure, dict) and figure.get("total"):
            parts = figure.get("covered"), figure["total"]
            if not all(type(part) is int and part >= 0 for part in parts):
                raise _refused(path, f"{key}.{name} is no share")


def _refused(path: Path, why: str) -> UserError:
    return UserError(f"{one_line(path)}: not a record of this version ({one_line(why)}); {_AGAIN}")
