"""Nonsense in a record is one line and status 2; nothing of a record is markup, a path or a command."""

import copy
import json
import os
import random

import pytest

from sc_hw.errors import UserError
from sc_hw.records import write_results
from sc_hw.report.join import join
from sc_hw.report.page import render

SEED = 20261128
HOSTILE = "</td><script>alert(1)</script>"
RUN = {"mismatch": None, "synapse_steps": 10, "timesteps": 5, "state_values_compared": 3, "output_values_compared": 4,
       "host_values_compared": 5, "resets": 1, "clears": 2, "clocks": 99, "stimuli": {"random": 5}}  # fmt: skip
OBLIGATION = {"name": "a", "statement": "b", "verdict": "proven", "answers": [{"solver": "z3", "seconds": 0.5}], "note": ""}
FAULT = {"fault": "a", "description": "b", "verdict": "caught", "evidence": "c"}
COUNTS = {"lut": 1, "ff": 2, "block_ram": 0.5, "large_ram": 0, "dsp": 0}
COUNTED = {"target": "a", "part": "b", "module": "core", "passed": True, "fits": True, "memory": {"placement": "block RAM"},
           "resources": COUNTS, "capacity": {"lut": 10, "ff": 10, "block_ram": 3, "dsp": 0}}  # fmt: skip
PLACED = {"target": "a", "part": "b", "top": "dut", "passed": True, "mhz": {"minimum": 1.0, "median": 2.0, "maximum": 3.0},
          "used": {"lut": {"cell": "LUT4", "used": 1, "available": 2}}, "runs": [{"seed": 1, "error": ""}], "untimed": "",
          "path": {"text": "a", "logic_ns": 1.0, "routing_ns": 2.0, "levels": 3}}  # fmt: skip
RECORDS = {
    "sim": {"cores": [RUN], "seed": 1},
    "prove": {"obligations": [OBLIGATION], "counterexample": {"obligation": "a", "text": "b"}},
    "selftest": {"faults": [FAULT], "steps": 5, "seed": 1},
    "synth": {"results": [COUNTED]},
    "pnr": {"results": [PLACED]},
    "accuracy": {"seeds": [0], "variants": [{"name": "a", "median": {"rms": 0.5}}, {"name": "b", "median": {"rms": 0.25}}]},
    "mutate": {"counts": {"gaps": 3}, "mutants": [{"a": 1}, {"b": 2}]},
    "coverage": {"counts": {"gaps": 3}, "covered": {"a": {"covered": 1, "total": 2}}},
}
NONSENSE = [None, True, -1, 0, 1.5, "", HOSTILE, [], [1], [[]], {}, {"text": 1}, {"a": {"total": "x"}}, [{"a": 1}, 2]]


def read(core, verb):
    """Return the page, or what refuses it."""
    try:
        return render(join(core, [verb])), ""
    except UserError as error:
        return "", str(error)


def places(document, at=()):
    if at:
        yield at
    for key in document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ():
        yield from places(document[key], (*at, key))


def refused(core, verb, good, path, count):
    """Put ``count`` nonsenses in each place of a document in turn; return how many are refused, each by a line that names it."""
    chosen, found = random.Random(SEED), 0
    print("seed", SEED)
    for place in places(good):
        for other in chosen.sample(NONSENSE, count):
            document = copy.deepcopy(good)
            inside = document
            for key in place[:-1]:
                inside = inside[key]
            inside[place[-1]] = other
            path.write_text(json.dumps(document))
            page, message = read(core, verb)
            found += bool(message)
            assert page or (str(path) in message and message.isprintable())
            assert HOSTILE not in page
    return found


@pytest.mark.parametrize("verb", RECORDS)
def test_every_entry_of_a_record_replaced_by_nonsense(make_core, verb):
    """The page is made, with the nonsense as text, or the record is refused: no other error."""
    core = make_core(synapses=4)
    write_results(core, {"verb": verb, "verdict": "pass", "seconds": 1.0, "tools": {"a": "1"}, **RECORDS[verb]}, None)
    path = core.folder / "results" / f"{verb}.json"
    good = json.loads(path.read_text())
    assert render(join(core, [verb]))
    assert refused(core, verb, good, path, 4) > 20


def test_every_entry_of_a_waveform_replaced_by_nonsense(make_core):
    core = make_core(synapses=4)
    signal = {"name": "a", "meaning": "b", "bits": 1, "signed": False}
    drawing = {"synapse": 3, "stretches": [{"name": "all", "timesteps": 2}], "inputs": [signal | {"values": [0, 1]}],
               "fields": [signal | {"expected": [1, 5], "found": [1, 6]}]}  # fmt: skip
    good = {"schema": "sc-hw/waveform/1", "core_sha256": core.digest, "demonstration": drawing}
    path = core.folder / "results" / "waveform.json"
    path.parent.mkdir()
    assert refused(core, "sim", good, path, 5) > 20


@pytest.mark.parametrize("name", ["a; touch here.json", "-x.json", "A b.json", "$(x).json"])
def test_a_name_that_is_no_verb_is_no_command(make_core, sc_hw, name):
    core = make_core(synapses=4)
    write_results(core, {"verb": "extra", "verdict": "pass"}, None)
    (core.folder / "results" / "extra.json").rename(core.folder / "results" / name)
    status, out, err = sc_hw("report", core.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "not called after a verb" in err


def test_a_record_under_another_verbs_name_is_refused(make_core, sc_hw):
    core = make_core(synapses=4)
    write_results(core, {"verb": "extra", "verdict": "pass"}, None)
    (core.folder / "results" / "extra.json").rename(core.folder / "results" / "more.json")
    status, _, err = sc_hw("report", core.folder)
    assert status == 2
    assert "of the verb 'extra'" in err


@pytest.mark.parametrize("name", ["sim.json", "waveform.json"])
def test_a_record_that_is_no_file_is_refused_without_hanging(make_core, sc_hw, name):
    core = make_core(synapses=4)
    (core.folder / "results").mkdir()
    os.mkfifo(core.folder / "results" / name)
    status, out, err = sc_hw("report", core.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "not a regular file" in err
