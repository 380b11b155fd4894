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

from .records import VERBS, good_records

SEED = 20261128
HOSTILE = "</td><script>alert(1)</script>"
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
    for key in document if isinstance(document, dict) else _some(document) if isinstance(document, list) else ():
        yield from places(document[key], (*at, key))


def _some(values):
    """Return the first, the last and one between of a list: its elements are of one kind."""
    return sorted({0, len(values) // 2, len(values) - 1}) if values else ()


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


@pytest.mark.parametrize("verb", VERBS)
def test_every_entry_of_a_record_replaced_by_nonsense(make_core, verb):
    """The page is made, with the nonsense as text, or the record is refused: no other error."""
    core = make_core(synapses=4)
    write_results(core, good_records(core)[verb], None)
    path = core.folder / "results" / f"{verb}.json"
    good = json.loads(path.read_text())
    assert render(join(core, [verb]))
    assert refused(core, verb, good, path, 2) > 10


def test_every_entry_of_a_waveform_replaced_by_nonsense(make_core):
    core = make_core(synapses=4)
    signal = {"name": "a", "meaning": "b", "bits": 1, "signed": False}
    drawing = {
        "synapse": 3,
        "stretches": [{"name": "all", "timesteps": 2}],
        "inputs": [signal | {"values": [0, 1]}],
        "fields": [signal | {"expected": [1, 5], "found": [1, 6]}],
    }
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
    write_results(core, good_records(core)["replay"], None)
    (core.folder / "results" / "replay.json").rename(core.folder / "results" / "synth.json")
    status, _, err = sc_hw("report", core.folder)
    assert status == 2
    assert "synth.json: not a record" in err
    assert not (core.folder / "results" / "report.html").exists()


@pytest.mark.parametrize("name", ["sim.json", "waveform.json"])
def test_a_record_that_is_no_file_is_refused_without_hanging(make_core, sc_hw, name):
    core = make_core(synapses=4)
    (core.folder / "results").mkdir()
    os.mkfifo(core.folder / "results" / name)
    status, out, err = sc_hw("report", core.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "not a regular file" in err
