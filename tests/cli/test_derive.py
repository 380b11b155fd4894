"""``sc-hw derive`` and ``sc-hw emit --from``: what they write, that importance matters, and what they refuse."""

import json

import numpy as np
import pytest

from sc_hw.manifest import load_core


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    """Run a command line in a folder that holds a network of two layers; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    g = np.random.default_rng(1)
    np.savez("w.npz", fc1=g.normal(0, 0.3, (4, 6)), out=g.normal(0, 1, (3, 4)))
    np.savez("f.npz", fc1=g.lognormal(-6, 3, (4, 6)), out=g.lognormal(-6, 3, (3, 4)))
    return sc_hw


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_from_a_network_to_a_core(run, tmp_path):
    status, out, _ = run("derive", "w.npz", "--importance", "f.npz", "-o", "d", "--consolidation", "pull", "--json", "r.json")
    assert status == 0
    assert "sc-hw emit --from" in out
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["config"]["consolidation"] == "pull"
    assert [(layer["layer"], layer["synapses"], layer["clipped"]) for layer in record["layers"]] == [
        ("fc1", 24, 0),
        ("out", 12, 0),
    ]
    for layer in record["layers"]:
        with np.load("w.npz") as weights, np.load(tmp_path / "d" / layer["layer"] / "initial.npz") as initial:
            given, state = weights[layer["layer"]].reshape(-1), dict(initial)
        assert (state["anchor"] == state["weight"]).all()
        assert np.bincount(state["code"], minlength=8).tolist() == layer["codes"]
        error = state["weight"] * layer["scale"] - given
        assert np.abs(error).max() == pytest.approx(layer["error_max"])
        assert 0 < layer["error_max"] <= layer["scale"] / 2
    assert run("emit", "--from", "d", "--layer", "fc1", "--set", "pull_shift=8", "--generator", "verilog", "-o", "core")[0] == 0
    core = load_core(tmp_path / "core")
    assert (core.design.synapses, core.design.rule.name, core.design.config.pull_shift) == (24, "three_factor", 8)
    with np.load(tmp_path / "d" / "fc1" / "initial.npz") as initial:
        assert all((core.design.initial[name] == array).all() for name, array in initial.items())


def test_zero_random_and_real_importance_differ_and_the_same_input_gives_the_same_bytes(run, tmp_path):
    with np.load("f.npz") as real:
        g = np.random.default_rng(2)
        np.savez("zero.npz", **{name: 0 * array for name, array in real.items()})
        np.savez("random.npz", **{name: g.random(array.shape) for name, array in real.items()})
    found = []
    for importance in ("zero.npz", "random.npz", "f.npz", "f.npz"):
        assert run("derive", "w.npz", "--importance", importance, "-o", "d", "--force")[0] == 0
        found.append(files(tmp_path / "d"))
    assert found[2] == found[3]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert found[one]["fc1/initial.npz"] != found[other]["fc1/initial.npz"]
    with np.load(tmp_path / "d" / "fc1" / "initial.npz") as initial:
        assert set(initial) == {"weight", "code"}  # shift keeps no anchor


def test_a_scale_of_ones_own_clips_and_says_so(run, tmp_path):
    assert run("derive", "w.npz", "--importance", "f.npz", "-o", "d", "--scale", "0.001")[0] == 0
    layers = json.loads((tmp_path / "d" / "derived.json").read_text())["layers"]
    assert [layer["scale"] for layer in layers] == [0.001, 0.001]
    assert layers[1]["clipped"] > 0
    assert layers[1]["error_max"] > 0.001


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"schema": "sc-hw/derived/0"}, "sc-hw/derived/0"),
        ({"layers": []}, "not a record"),
        ({"layers": [{"layer": "../../elsewhere"}]}, "$.layers[0].layer"),
        ({"layers": [{"layer": "a/b"}]}, "$.layers[0].layer"),
        ({"layers": [{"layer": "a\n"}]}, "$.layers[0].layer"),
        ({"layers": [{"layer": 1}]}, "$.layers[0].layer"),
        ({"layers": {"layer": "fc1"}}, "$.layers"),
        ({"rule": ["stp"]}, "$.rule"),
        ({"rule": "../stp"}, "$.rule"),
        ({"rule": "other"}, "rule 'other'"),
    ],
)
def test_a_folder_that_derive_did_not_write_so_is_refused(run, tmp_path, change, needle):
    assert run("derive", "w.npz", "--importance", "f.npz", "-o", "d")[0] == 0
    path = tmp_path / "d" / "derived.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    status, out, err = run("emit", "--from", "d", "-o", "core")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert needle in err
    assert not (tmp_path / "core").exists()


GOOD = np.ones((4, 6))


@pytest.mark.parametrize(
    ("weights", "importance", "needles"),
    [
        ({}, {"a": GOOD}, ("w2.npz", "no arrays")),
        ({"a": GOOD}, {}, ("f2.npz", "no arrays")),
        ({"a": np.where(np.eye(4, 6) > 0, np.nan, 1)}, {"a": GOOD}, ("w2.npz", "a has 4 values", "NaN")),
        ({"a": GOOD}, {"a": GOOD * np.inf}, ("f2.npz", "a has 24 values", "infinite")),
        ({"a": GOOD}, {"a": -GOOD}, ("a has negative",)),
        ({"a": GOOD}, {"a": GOOD.T}, ("a has shape (6, 4)", "(4, 6)")),
        ({"a": GOOD}, {"b": GOOD}, ("no array",)),
        ({"a": GOOD, "b": GOOD}, {"a": GOOD}, ("f2.npz", "no array 'b'")),
        ({"a": np.zeros((0, 3))}, {"a": np.zeros((0, 3))}, ("a is empty", "(0, 3)")),
        ({"a": GOOD.astype(complex)}, {"a": GOOD}, ("a has dtype complex128",)),
        ({"a": np.array(["x"])}, {"a": GOOD}, ("a has dtype <U1",)),
        ({"../a": GOOD}, {"../a": GOOD}, ("layer '../a'", "letters")),
    ],
)
def test_networks_that_cannot_be_used(run, tmp_path, weights, importance, needles):
    np.savez("w2.npz", **weights)
    np.savez("f2.npz", **importance)
    refused(run("derive", "w2.npz", "--importance", "f2.npz", "-o", "d"), tmp_path, *needles)


def refused(result, tmp_path, *needles):
    status, out, err = result
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1), err
    for needle in needles:
        assert needle in err
    assert not {"d", "core"} & {path.name for path in tmp_path.iterdir()}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("arguments", "needles"),
    [
        (("--consolidation", "none"), ("keeps weight;", "--consolidation")),
        (("--consolidation", "ewc"), ("consolidation='ewc'", "shift")),
        (("--rule", "nothing"), ("rule 'nothing'", "r_stdp")),
        (("--set", "code_bits=5"), ("code_bits=5", "1..4")),
        (("--scale", "0"), ("scale=0",)),
        (("--scale", "nan"), ("scale=nan",)),
    ],
)
def test_settings_that_cannot_be_used(run, tmp_path, arguments, needles):
    refused(run("derive", "w.npz", "--importance", "f.npz", "-o", "d", *arguments), tmp_path, *needles)


def test_files_that_cannot_be_used(run, tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    refused(run("derive", "none.npz", "--importance", "f.npz", "-o", "d"), tmp_path, "none.npz", "cannot be read")
    refused(run("derive", "w.npz", "--importance", "text.npz", "-o", "d"), tmp_path, "--importance text.npz", "not a usable")
    refused(run("emit", "--from", "nowhere", "-o", "core"), tmp_path, "--from nowhere", "derived.json")
    refused(run("emit", "-o", "core"), tmp_path, "--synapses")
    refused(run("emit", "-n", "8", "--layer", "a", "-o", "core"), tmp_path, "--layer 'a'", "--from")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep")
    result = run("derive", "w.npz", "--importance", "f.npz", "-o", "mine", "--force")
    refused(result, tmp_path, "will not replace it")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep"


def test_layers_and_options_that_do_not_go_together(run, tmp_path):
    assert run("derive", "w.npz", "--importance", "f.npz", "-o", "two")[0] == 0
    refused(run("emit", "--from", "two", "-o", "core"), tmp_path, "fc1, out", "--layer")
    refused(run("emit", "--from", "two", "--layer", "fc2", "-o", "core"), tmp_path, "'fc2'", "fc1, out")
    for option in (("--synapses", "24"), ("--rule", "r_stdp"), ("--preset", "pull"), ("--initial", "w.npz")):
        refused(run("emit", "--from", "two", "--layer", "fc1", *option, "-o", "core"), tmp_path, option[0], "leave out")
    refused(run("emit", "--from", "two", "--layer", "fc1", "--set", "weight_bits=6", "-o", "core"), tmp_path, "weight", "-32..31")
    (tmp_path / "two" / "derived.json").write_text('{"schema": "sc-hw/derived/1", "layers": 3}')
    refused(run("emit", "--from", "two", "--layer", "fc1", "-o", "core"), tmp_path, "derive again")
