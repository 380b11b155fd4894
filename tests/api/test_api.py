"""The Python API: every verb and option of the command line has its function and keyword, with the same outcome and errors."""

import inspect
import json
import subprocess
import sys
from importlib import import_module

import click
import numpy as np
import pytest

import sc_hw as api
from sc_hw.api.call import call, keywords, verbs
from sc_hw.api.result import Result, Text

from ..daily import check
from ..networks.small import SMALL_FILE

VERBS = verbs()
NAMES = {words: "_".join(words) for words in VERBS} | {("import",): "imported"}  # a keyword of Python
BAD = [
    ("emit", {"synapses": 0}, ["--synapses", "0"]),
    ("emit", {"synapses": "x"}, ["--synapses", "x"]),
    ("emit", {"synapses": 8, "rule": "nope"}, ["--synapses", "8", "--rule", "nope"]),
    ("emit", {"synapses": 8, "learning_shift": 99}, ["--synapses", "8", "--set", "learning_shift=99"]),
    ("emit", {"synapses": 8, "nonsense": 1}, ["--synapses", "8", "--set", "nonsense=1"]),
    ("emit", {"pre": 3}, ["--pre", "3"]),
    ("emit", {"rule": "r_stdp", "from_": "gone"}, ["--rule", "r_stdp", "--from", "gone"]),
    ("emit", {"network": "--help"}, ["--network=--help"]),
    ("estimate", {"synapses": 8, "target": "nope"}, ["--synapses", "8", "--target", "nope"]),
    ("explore", {"vary": ["lanes"]}, ["--vary", "lanes"]),
]


def lacking(verbs_by_words, functions):
    """Return what verbs and options have no function or keyword, and keywords that are of no option."""
    found = []
    for words, command in verbs_by_words.items():
        name = NAMES.get(words, "_".join(words))
        if name not in functions:
            found.append(name)
            continue
        given = inspect.signature(functions[name]).parameters
        own = {key for key, p in given.items() if p.kind is not p.VAR_KEYWORD}
        found += [f"{name}.{key}" for key in sorted(keywords(command).keys() ^ own)]
        # a default of ours would be an option that was given
        found += [
            f"{name}.{key} has a default" for key in own if given[key].default not in (None, False, inspect.Parameter.empty)
        ]
    return found


def test_every_verb_and_option_of_the_command_line_is_here():
    assert lacking(VERBS, {name: getattr(api, name) for name in NAMES.values()}) == []
    assert set(NAMES.values()) <= set(api.__all__) & set(dir(api))


def test_a_verb_or_an_option_without_its_python_is_noticed():
    functions = {name: getattr(api, name) for name in NAMES.values()}
    new = click.Command("new", params=[])
    assert lacking({**VERBS, ("new",): new}, functions) == ["new"]
    sim = click.Command("sim", params=[*VERBS[("sim",)].params, click.Option(["--more"])])
    assert lacking({**VERBS, ("sim",): sim}, functions) == ["sim.more"]
    assert lacking(VERBS, functions | {"files": lambda folder, rule="r_stdp": 0}) == ["files.rule has a default"]


def test_every_verb_of_a_folder_is_a_method_of_a_core():
    of_folders = {NAMES[words] for words, command in VERBS.items() if {"folder", "folders"} & keywords(command).keys()}
    assert of_folders <= set(dir(api.Core))


@pytest.mark.parametrize(("verb", "given", "typed"), BAD)
def test_errors_are_those_of_the_command_line(sc_hw, tmp_path, verb, given, typed):
    where = {} if verb == "estimate" else {"output": tmp_path / "out"}
    status, _, said = sc_hw(verb, *typed, *(["-o", tmp_path / "out"] if where else []))
    assert status == 2
    with pytest.raises(api.UserError) as raised:
        getattr(api, verb)(**given, **where)
    assert f"sc-hw: {raised.value}".replace("sc-hw: sc-hw ", "sc-hw ") + "\n" == said
    assert not (tmp_path / "out").exists()


def test_a_core_is_what_the_command_writes(sc_hw, tmp_path):
    core = api.emit(synapses=9, lanes=2, learning_shift=6, output=tmp_path / "a")
    status, said, _ = sc_hw("emit", "--synapses", 9, "--lanes", 2, "--set", "learning_shift=6", "-o", tmp_path / "b")
    assert status == 0
    assert core.made.text.replace(str(tmp_path / "a"), "") == said.replace(str(tmp_path / "b"), "")
    files = [path.relative_to(tmp_path / "b") for path in (tmp_path / "b").rglob("*")]
    assert files
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)
    assert [path.name for path in core.files()] == core.manifest["verilog"]
    assert api.load(core.folder).manifest == core.manifest
    with pytest.raises(api.UserError, match=r"exists; give another folder or --force"):
        api.emit(synapses=9, output=tmp_path / "a")
    assert api.emit(synapses=9, output=tmp_path / "a", force=True).folder == core.folder


def test_a_folder_without_a_name_is_gone_with_its_core():
    core = api.emit(synapses=4)
    folder = core.folder.parent
    assert (folder / "core" / "manifest.json").is_file()
    del core
    assert not folder.exists()


def test_models_step_and_start_as_the_memories_do(tmp_path):
    (tmp_path / "initial.csv").write_text("weight\n" + "".join(f"{100 * n}\n" for n in range(6)))
    core = api.emit(synapses=6, initial=tmp_path / "initial.csv")
    assert core.model.state["weight"].tolist() == [0, 100, 200, 300, 400, 500]
    out = core.model.step({"pre_spike": [1] * 6, "post_spike": [0] * 6, "reward": 0})
    assert out["weight"].shape == (6,)
    assert api.emit(pre=3, post=4).model.synapses.synapses == 12
    layer = api.emit(rule="three_factor", presynaptic="stp", neurons=4, synapses=8)
    assert layer.model.synapses.synapses == 8


def samples(count=20, seed=3):
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (count, 6), dtype=np.uint8), generator.integers(0, 3, count)


@check("the verbs behind these calls have tests of their own in every run")
def test_a_network_that_learned_goes_into_its_chip(tmp_path):
    chip, (x, y) = api.network(SMALL_FILE), samples()
    assert chip.fit(x, y, passes=2) is chip
    with chip.driver("virtual") as driver:
        assert driver.predict(x).tolist() == chip.predict(x).tolist()
        assert driver.score(x, y) == chip.score(x, y)
        assert all((values == chip.model.state[name]).all() for name, values in driver.read().items())
        assert "6-4-3" in driver._repr_html_()
    chip.save(tmp_path / "state.npz")
    again = api.network(SMALL_FILE).restore(tmp_path / "state.npz")
    assert all((np.asarray(value) == np.asarray(again.model.state[name])).all() for name, value in chip.model.state.items())
    again.partial_fit(x, y)
    chip.partial_fit(x, y)
    assert (again.weights("in") == chip.weights("in")).all()
    with pytest.raises(api.UserError, match="lack or are not of this network"):
        api.network(SMALL_FILE, settings={"projection.in.learning_shift": 6, "projection.out.consolidation": "shift"}).restore(
            tmp_path / "state.npz"
        )
    (tmp_path / "other.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(api.UserError, match=r"NetworkClassifier\.save or sc-hw fit wrote"):
        chip.restore(tmp_path / "other.npz")


@check("the methods of the estimator are called by the others")
def test_scikit_learn_takes_a_network_for_a_classifier():
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    chip, (x, y) = api.network(SMALL_FILE, settings={"projection.in.learning_shift": 6}), samples(30)
    chip.fit(x, y, passes=1)
    other = clone(chip)
    assert (other.model.samples, other.spec, is_classifier(other)) == (0, chip.spec, True)
    scores = cross_val_score(chip, x, y, cv=3)
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()
    pipeline = make_pipeline(FunctionTransformer(lambda rows: (255 * rows).astype(np.uint8)), other)
    assert pipeline.fit(x / 255, y).predict(x / 255).shape == (30,)
    assert other.set_params(settings=None).spec == api.network(SMALL_FILE).spec
    with pytest.raises(api.UserError, match="depth: unknown; allowed are path, settings"):
        other.set_params(depth=3)


@check("the driver itself is tried in every run")
def test_a_core_has_a_driver_where_it_has_a_bus():
    core = api.emit(synapses=4, bus="apb")
    with core.driver() as driver:
        driver.clear()
        inputs = {"pre_spike": [1] * 4, "post_spike": [0] * 4, "reward": 3}
        assert driver.step(inputs)["weight"].tolist() == core.model.step(inputs)["weight"].tolist()
    with pytest.raises(api.UserError, match="has no bus; emit it with --bus"):
        api.emit(synapses=4).driver()
    with pytest.raises(api.UserError, match="/dev/nothing"):
        core.driver("/dev/nothing")
    chip = api.network(SMALL_FILE).emit(bus="wishbone", bus_streams="axi-stream")
    with chip.driver() as driver, pytest.raises(api.UserError, match="through AXI4-Stream"):
        driver.predict(samples()[0])


def test_a_result_has_the_record_as_fields(sc_hw, tmp_path):
    core = api.emit(synapses=4, output=tmp_path / "core")
    result = core.estimate(target="ecp5-25k")
    _, said, _ = sc_hw("estimate", core.folder, "--target", "ecp5-25k")
    assert (result.passed, bool(result), result.verdict, result.synapses, result.text) == (True, True, "pass", 4, said)
    assert result.results[0]["target"] == "ecp5-25k"
    with pytest.raises(AttributeError, match="its record has"):
        result.nothing  # noqa: B018 - asked for to be refused
    kept = core.estimate(json=tmp_path / "record.json")
    assert json.loads((tmp_path / "record.json").read_text()) == kept.record
    assert api.rules().text.startswith("r_stdp: ")


def test_a_failed_check_is_an_outcome(monkeypatch):
    monkeypatch.setattr(import_module("sc_hw.doctor.command"), "doctor", lambda: [])
    assert api.doctor().passed
    from sc_hw.toolchain import Tool

    gone = Tool(name="x", path="", version="", needed="1", install="nothing")
    monkeypatch.setattr(import_module("sc_hw.doctor.command"), "doctor", lambda: [gone])
    result = api.doctor()
    assert (result.status, bool(result), result.verdict) == (1, False, "fail")
    assert "missing: x" in result.table()


def test_notebooks_show_text_and_no_markup_of_its_own():
    result = Result(verb="sim", status=1, text="<script>alert(1)</script>", record={"verdict": "<b>"})
    for shown in (result._repr_html_(), Text("<script>")._repr_html_()):
        assert "&lt;script&gt;" in shown
        assert "<script" not in shown
    assert "<b>" not in result._repr_html_().replace("&lt;b&gt;", "").lower()
    assert "FAIL" not in repr(Text("x"))


def test_values_are_data():
    with pytest.raises(api.UserError, match="--json 1: not a path"):
        call("doctor", json=1)
    with pytest.raises(api.UserError, match="is a switch"):
        api.emit(synapses=4, force="yes")
    with pytest.raises(api.UserError, match="zero byte"):
        api.load("a\0b")
    with pytest.raises(api.UserError, match="allowed are text"):
        api.emit(synapses=object())


@check("synthesises; sweeps from a process that has a guard run in every run")
def test_a_script_needs_no_guard_to_explore(tmp_path):
    """Its workers import what they do by name, and do not run the script again."""
    (tmp_path / "script.py").write_text(
        "import sc_hw\n"
        "print('once')\n"
        "sweep = sc_hw.explore(vary='synapses=4', target='ecp5-25k', stimuli=1, output='sweep')\n"
        "print(sweep.points, bool(sweep))\n"
    )
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "once\n1 True\n"


def test_importing_is_cheap_and_verbs_win_over_their_rooms():
    code = "import sys, sc_hw; early = len(sys.modules); import sc_hw.synth, sc_hw.train; "
    code += "assert callable(sc_hw.synth) and callable(sc_hw.train); print(early)"
    alone = subprocess.run(
        [sys.executable, "-c", "import sys; print(len(sys.modules))"], capture_output=True, text=True, check=True
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) - int(alone.stdout) < 60
    assert {name: getattr(api, name) for name in api.__all__}["__version__"]


@check("the record of a verb says so in every run")
def test_the_record_of_a_call_says_what_was_asked(tmp_path, monkeypatch):
    """Not what the process was started with, which may be a notebook; so that a report of it is good."""
    core = api.emit(synapses=4, output=tmp_path / "a core")
    monkeypatch.setattr("sys.argv", ["kernel.py", "-f", "kernel.json"])
    result = core.accuracy(seeds=2)
    assert result.record["command"].startswith("sc-hw accuracy --seeds=2 --json=")
    assert result.record["command"].endswith(f" -- '{core.folder}'")
    assert core.report().passed
