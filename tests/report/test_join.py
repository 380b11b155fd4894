"""``sc-hw report``: joins what is there, says what is not, knows old records, trusts no text in them."""

import json
import re
import shlex

import numpy as np
import pytest

from sc_hw.cli import app
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.records import write_results
from sc_hw.report.join import join
from sc_hw.report.page import render
from sc_hw.report.waves import draw

from ..daily import check
from .records import good_records, put, ran

HOSTILE = "<script>alert(1)</script>\"'&[bold]{{ 7 * 7 }}"
VERBS = list(app.commands)


def accuracy(**changes: object) -> dict:
    variants = [{"name": "as configured", "config": {}, "runs": [{"weight_rms": 0.01}] * 2, "median": {"weight_rms": 0.01}}]
    record = {"verb": "accuracy", "verdict": "pass", "seconds": 1.0, **ran("accuracy"), "seeds": [0, 1]}
    return record | {"variants": variants} | changes


def waveform(found: list[int]) -> dict:
    spike = {"name": "spike", "meaning": "", "bits": 1, "signed": False, "values": [0, 1, 0, 0]}
    level = {"name": "level", "meaning": "", "bits": 4, "signed": True, "values": [0, -3, 2, 0]}
    weight = {"name": "weight", "meaning": "", "bits": 8, "signed": False, "expected": [1, 5, 5, 5], "found": found}
    return {"synapse": 3, "stretches": [{"name": "all", "timesteps": 4}], "inputs": [spike, level], "fields": [weight]}


def test_records_are_joined_and_missing_verbs_named(make_core, sc_hw, tmp_path):
    core = make_core()
    assert sc_hw("report", core.folder)[0] == 1  # no record is no pass
    write_results(core, accuracy(), None)
    status, out, _ = sc_hw("report", core.folder, "--json", tmp_path / "r.json", "-o", tmp_path / "page.html")
    assert status == 0
    assert re.search(r"accuracy\W+pass", out)
    assert re.search(r"sim\W+not run", out)
    joined = json.loads((tmp_path / "r.json").read_text())
    assert (joined["verdict"], joined["core_sha256"]) == ("pass", core.digest)
    status_of = {entry["verb"]: entry["status"] for entry in joined["entries"]}
    assert status_of["accuracy"] == "pass"
    assert status_of["sim"] == status_of["prove"] == status_of["synth"] == status_of["selftest"] == "not run"
    page = (tmp_path / "page.html").read_text()
    assert f"sc-hw prove {core.folder}" in page
    assert set(re.findall(r'<section id="(\w+)"', page)) >= {
        "verdicts",
        "core",
        "resources",
        "proof",
        "parity",
        "waveforms",
        "provenance",
    }


@pytest.mark.parametrize("verdict", ["fail", "unknown"])
def test_one_bad_record_is_enough(make_core, sc_hw, verdict):
    core = make_core()
    write_results(core, accuracy(), None)
    proof = good_records(core)["prove"]
    proof["obligations"][4] |= {"verdict": {"fail": "refuted"}.get(verdict, verdict)}
    write_results(core, proof | {"verdict": verdict}, None)
    status, out, _ = sc_hw("report", core.folder)
    assert status == 1
    assert re.search(rf"prove\W+{verdict}\W+\d+ of \d+ obligations proven by", out)


def test_a_good_record_of_a_part_is_no_pass(make_core, sc_hw, tmp_path):
    core = make_core()
    write_results(core, accuracy(), None)
    path = core.folder / "dut_datapath.v"
    path.write_text(path.read_text() + "// touched\n")
    core = load_core(core.folder)
    write_results(core, accuracy(), None)
    lane = put(good_records(core)["synth"], "results 0 module", "lane") | {"partial": "only the lane"}
    write_results(core, lane, None)
    status, out, _ = sc_hw("report", core.folder, "--json", tmp_path / "r.json", "-o", tmp_path / "page.html")
    assert status == 1
    assert re.search(r"synth\W+partial\W+only the lane: 1 target", out)
    assert re.search(r"^PARTIAL dut as edited: 1 of 2 records good, partial: synth \(only the lane\), ", out, re.MULTILINE)
    joined = json.loads((tmp_path / "r.json").read_text())
    assert (joined["verdict"], joined["edited"]) == ("unknown", ["dut_datapath.v"])
    assert [entry["status"] for entry in joined["entries"] if entry["verb"] == "synth"] == ["partial"]
    assert "<strong>PARTIAL</strong>" in (tmp_path / "page.html").read_text()
    write_results(core, put(lane, "results 0 passed", False) | {"verdict": "fail"}, None)
    assert "passed is False" in sc_hw("report", core.folder)[2]
    registers = {"block_ram_bits": 0, "left_to_registers": 1, "placement": "registers"}
    failed = put(put(lane, "results 0 memory", lambda memory: memory | registers), "results 0 passed", False)
    write_results(core, failed | {"verdict": "fail"}, None)
    assert re.search(r"^FAIL dut", sc_hw("report", core.folder)[1], re.MULTILINE)


OTHERS = check("every verb's record")


@pytest.mark.parametrize(
    ("call", "partial"),
    [
        (("prove", "--part", "lane"), "only lane"),
        pytest.param(
            ("prove", "--part", "lane", "--part", "datapath", "--solver", "yices"),
            "only datapath and lane; 1 of 2 solvers",
            marks=OTHERS,
        ),
        (("sim", "--steps", "3"), "3 of 200 timesteps"),
        pytest.param(("sim", "--steps", "200"), "", marks=OTHERS),
        (("sim", "--stimulus", "rare.npz"), "recorded inputs only"),
        pytest.param(
            ("sim", "--steps", "3", "--allow-system-tasks"), "3 of 200 timesteps; with what only a simulator can do", marks=OTHERS
        ),
        pytest.param(
            ("selftest", "--steps", "5", "--instances", "1"),
            "5 of 8,192 timesteps a fault; 1 of 24 faults at instances",
            marks=OTHERS,
        ),
        pytest.param(("mutate", "--count", "2", "--solver", "yices"), "2 of 200 mutants; 1 of 2 solvers", marks=OTHERS),
        pytest.param(("synth", "--target", "ecp5-25k", "--module", "lane"), "only the lane", marks=OTHERS),
        pytest.param(("accuracy", "--seeds", "2"), "", marks=check("every verb's record")),
        (("prove", "--part", "lane", "--solver", "z3", "--solver=yices"), "only lane"),
    ],
)
def test_less_than_a_whole_run_is_in_its_record(make_core, sc_hw, tmp_path, monkeypatch, call, partial):
    core = make_core(synapses=4)
    monkeypatch.chdir(tmp_path)
    spikes = np.zeros((2, 4), dtype=np.int64)
    np.savez("rare.npz", pre_spike=spikes, post_spike=spikes, reward=spikes[:, 0])
    verb, *options = call
    status, out, _ = sc_hw(verb, core.folder, *options, "--json", "own.json")
    assert status in (0, 1)
    said = [line for line in out.splitlines() if line.startswith("PASS")]
    assert all(partial in line for line in said)  # no plain PASS for less than there is
    assert not said or bool(partial) == any(mark in said[0] for mark in ("; ", ", only", "no full campaign"))
    assert verb != "sim" or not said or said[0].endswith("seed 1")
    for path in (core.folder / "results" / f"{verb}.json", tmp_path / "own.json"):
        assert json.loads(path.read_text())["partial"] == partial
    status, out, err = sc_hw("report", core.folder)
    assert (status in (0, 1), err) == (True, "")
    assert ("partial" in out) == bool(partial)


def test_a_record_of_other_files_is_stale(make_core, sc_hw):
    core = make_core()
    write_results(core, accuracy(), None)
    assert sc_hw("report", core.folder)[0] == 0
    path = core.folder / "dut.v"
    path.write_text(path.read_text() + "// touched\n")
    status, out, _ = sc_hw("report", core.folder)
    assert status == 1
    assert re.search(r"accuracy\W+stale", out)
    assert "edited since it was emitted: dut.v" in out
    page = (core.folder / "results" / "report.html").read_text()
    assert "made from other files" in page
    assert "Edited since the core was emitted: dut.v" in page
    write_results(load_core(core.folder), accuracy(), None)  # of the files as they are
    assert sc_hw("report", core.folder)[0] == 0
    record = (core.folder / "results" / "accuracy.json").read_text()
    other = make_core(learning_shift=5, name="other")
    (other.folder / "results").mkdir()
    (other.folder / "results" / "accuracy.json").write_text(record)  # carried over from another core
    assert re.search(r"accuracy\W+stale", sc_hw("report", other.folder)[1])


def test_text_in_records_is_data(make_core, sc_hw):
    core = make_core()
    write_results(
        core,
        accuracy(
            command=f"sc-hw accuracy {shlex.quote(HOSTILE)}",
            variants=[{"name": HOSTILE, "config": {}, "runs": [{HOSTILE: 0.5}] * 2, "median": {HOSTILE: 0.5}}],
        ),
        None,
    )
    extra = {
        "log": HOSTILE,
        "counts": {HOSTILE: 1},
        "rows": [{HOSTILE: HOSTILE}],
        "obligation": HOSTILE,
        "covered": {HOSTILE: {"covered": 1, "total": 2}},
    }
    write_results(core, good_records(core)["replay"] | extra, None)
    status, out, _ = sc_hw("report", core.folder)
    assert status == 0
    assert "[bold]" in out
    page = (core.folder / "results" / "report.html").read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6
    assert "{{ 7 * 7 }}" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:)|url\(|@import""", page)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"schema": "sc-hw/record/0"}'])
def test_a_file_that_is_no_record_is_refused(make_core, sc_hw, text):
    core = make_core()
    (core.folder / "results").mkdir()
    (core.folder / "results" / "sim.json").write_text(text)
    status, out, err = sc_hw("report", core.folder)
    assert (status, out) == (2, "")
    assert "sim.json" in err
    assert "run its verb again" in err
    assert not (core.folder / "results" / "report.html").exists()
    with pytest.raises(UserError):
        join(core, VERBS)


def test_waveforms_mark_what_differs(make_core):
    good, bad = draw(waveform([1, 5, 5, 5])), draw(waveform([1, 5, 7, 5]))
    assert [lane.kind for lane in good.lanes] == ["spikes", "bars", "steps"]
    assert good.lanes[2].expected == good.lanes[2].found
    assert not any(lane.mismatches for lane in good.lanes)
    assert [(step, wanted, got) for step, _, _, wanted, got in bad.lanes[2].mismatches] == [(2, 5, 7)]
    assert (bad.lanes[2].low, bad.lanes[2].high) == (1, 7)
    core = make_core()
    (core.folder / "results").mkdir()
    for series, text in (([1, 5, 5, 5], "No difference in 4"), ([1, 5, 7, 5], "first in timestep 2: expected 5, found 7")):
        document = {"schema": "sc-hw/waveform/1", "core_sha256": core.digest, "demonstration": waveform(series)}
        (core.folder / "results" / "waveform.json").write_text(json.dumps(document))
        assert text in render(join(core, VERBS))
    document["core_sha256"] = "of other files"
    (core.folder / "results" / "waveform.json").write_text(json.dumps(document))
    assert "None recorded with these files" in render(join(core, VERBS))


def test_what_is_of_one_core_names_one(make_crossbar):
    crossbar = make_crossbar(pre=2, post=2, lanes=1)
    entries = {entry.verb: entry.summary for entry in join(crossbar, VERBS).entries}
    assert entries["mutate"] == f"run: sc-hw mutate {crossbar.folder}"
    assert entries["prove"] == f"run: sc-hw prove {crossbar.folder}"
