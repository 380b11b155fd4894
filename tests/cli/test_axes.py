"""A trained layer as a crossbar or behind neurons: which axis is which is named or told by sizes, never guessed."""

import json

import numpy as np
import pytest

from sc_hw.axes import axes_of, in_order, parse_axes, with_bias
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from tests.npz import read_arrays


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    """Run a command line in a folder with networks: (outputs, inputs), (inputs, outputs), square; and biases."""
    monkeypatch.chdir(tmp_path)
    g = np.random.default_rng(11)
    arrays = {
        "a": g.integers(-1000, 1000, (2, 3)),
        "a_bias": g.integers(-1000, 1000, 2),
        "square": g.integers(-1000, 1000, (3, 3)),
        "square_bias": g.integers(-1000, 1000, 3),
        "flat": g.integers(-1000, 1000, 6),
    }
    np.savez("w.npz", **arrays)
    np.savez("f.npz", **{name: np.exp2(-(np.arange(array.size).reshape(array.shape) % 9)) for name, array in arrays.items()})
    np.savez("t.npz", **{name: array.T for name, array in arrays.items()})
    with np.load("f.npz") as f:
        np.savez("ft.npz", **{name: array.T for name, array in f.items()})
    return sc_hw


def derive(run, *options, weights="w.npz", importance="f.npz", status=0):
    found, out, err = run("derive", weights, "--importance", importance, "--scale", "1", "-o", "d", "--force", *options)
    assert found == status, out + err
    return err


def emit(run, tmp_path, *options, status=0):
    found, out, err = run("emit", "--from", "d", *options, "--generator", "verilog", "-o", "core", "--force")
    assert found == status, out + err
    return err if status else load_core(tmp_path / "core").design


def test_rows_of_a_crossbar_are_inputs_whatever_the_order_of_the_weights(run, tmp_path):
    """Synapse i * B + j joins presynaptic neuron i to postsynaptic neuron j: checked on weights and codes."""
    derive(run)
    with np.load("w.npz") as w, np.load("d/a/initial.npz") as kept:
        weights, codes = w["a"], kept["code"].reshape(2, 3)
    design = emit(run, tmp_path, "--layer", "a", "--pre", "3", "--post", "2")
    for i in range(3):
        for j in range(2):
            assert design.initial["weight"][i * 2 + j] == weights[j, i]
            assert design.initial["code"][i * 2 + j] == codes[j, i]
    derive(run, weights="t.npz", importance="ft.npz")  # scikit-learn's layout
    again = emit(run, tmp_path, "--layer", "a", "--pre", "3", "--post", "2")
    assert all((again.initial[name] == values).all() for name, values in design.initial.items())
    for options in (("--axes", "post,pre"), ("--axes", "pre, post")):
        files = ("w.npz", "f.npz") if options[1][:2] == "po" else ("t.npz", "ft.npz")
        np.savez("w2.npz", a=read_arrays(files[0])["a"])
        np.savez("f2.npz", a=read_arrays(files[1])["a"])
        derive(run, *options, weights="w2.npz", importance="f2.npz")
        named = emit(run, tmp_path, "--pre", "3", "--post", "2")
        assert all((named.initial[name] == values).all() for name, values in design.initial.items())


def test_a_square_matrix_needs_names(run, tmp_path):
    np.savez("s.npz", square=read_arrays("w.npz")["square"])
    np.savez("fs.npz", square=read_arrays("f.npz")["square"])
    derive(run, weights="s.npz", importance="fs.npz")
    err = emit(run, tmp_path, "--pre", "3", "--post", "3", status=2)
    assert "layer square" in err
    assert "3 x 3" in err
    assert "--axes" in err
    weights = read_arrays("s.npz")["square"]
    for axes, expected in (("post,pre", weights.T), ("pre,post", weights)):
        derive(run, "--axes", axes, weights="s.npz", importance="fs.npz")
        assert emit(run, tmp_path, "--pre", "3", "--post", "3").initial["weight"].tolist() == expected.reshape(-1).tolist()
        assert json.loads((tmp_path / "d" / "derived.json").read_text())["layers"][0]["axes"] == axes.split(",")


def test_behind_presynaptic_neurons_rows_are_outputs(run, tmp_path):
    """Synapse j * N + i joins presynaptic neuron i to postsynaptic neuron j."""
    weights = read_arrays("w.npz")["a"]
    for files in (("w.npz", "f.npz"), ("t.npz", "ft.npz")):
        derive(run, weights=files[0], importance=files[1])
        design = emit(run, tmp_path, "--layer", "a", "--presynaptic", "stp", "--neurons", "3")
        assert design.initial["weight"].tolist() == weights.reshape(-1).tolist()
        err = emit(run, tmp_path, "--layer", "square", "--presynaptic", "stp", "--neurons", "3", status=2)
        assert "--axes" in err
    flat = emit(run, tmp_path, "--layer", "flat", "--presynaptic", "stp", "--neurons", "3")  # in the core's own order
    assert flat.initial["weight"].tolist() == read_arrays("w.npz")["flat"].tolist()


def test_biases_become_one_more_row(run, tmp_path):
    """The last presynaptic neuron's, in a crossbar the last row; its importance goes with it; the array is no layer then."""
    with np.load("w.npz") as w:
        weights, bias = w["a"], w["a_bias"]
    for files in (("w.npz", "f.npz"), ("t.npz", "ft.npz")):
        derive(run, "--bias", "a=a_bias", weights=files[0], importance=files[1])
        record = json.loads((tmp_path / "d" / "derived.json").read_text())
        assert "a_bias" not in [layer["layer"] for layer in record["layers"]]
        design = emit(run, tmp_path, "--layer", "a", "--pre", "4", "--post", "2")
        assert design.initial["weight"].reshape(4, 2).tolist() == [*weights.T.tolist(), bias.tolist()]
        assert design.initial["code"].reshape(4, 2)[3].tolist() == [7, 6]
    assert "--axes" in derive(run, "--bias", "square=square_bias", status=2)
    for name in ("a", "square"):
        np.savez(f"{name}.npz", **{key: read_arrays("w.npz")[key] for key in (name, f"{name}_bias")})
        np.savez(f"f{name}.npz", **{key: read_arrays("f.npz")[key] for key in (name, f"{name}_bias")})
        derive(run, "--bias", f"{name}={name}_bias", "--axes", "post,pre", weights=f"{name}.npz", importance=f"f{name}.npz")
        shape = {"a": [2, 4], "square": [3, 4]}[name]
        assert json.loads((tmp_path / "d" / "derived.json").read_text())["layers"][0]["shape"] == shape


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--axes", "outputs,inputs"), ["--axes 'outputs,inputs'", "post,pre"]),
        (("--axes", "post"), ["--axes 'post'", "post,pre"]),
        (("--axes", "post,post"), ["--axes 'post,post'"]),
        (("--bias", "a"), ["--bias a=", "LAYER=ARRAY"]),
        (("--bias", "b=a_bias"), ["--bias b=a_bias", "a, a_bias, square"]),
        (("--bias", "a=b"), ["--bias a=b"]),
        (("--bias", "a=a"), ["--bias a=a"]),
        (("--bias", "a=square_bias", "--bias", "a=a_bias"), ["twice"]),
        (("--bias", "a=a_bias", "--bias", "square=a_bias"), ["a_bias"]),
        (("--bias", "a=flat"), ["layer a", "2 x 3", "6 postsynaptic"]),
        (("--bias", "flat=a_bias"), ["layer flat", "(6,)"]),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(options, names, run, tmp_path):
    err = derive(run, *options, status=2)
    for name in names:
        assert name in err
    assert err.count("\n") == 1
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--layer", "a", "--pre", "2", "--post", "2"), ["layer a", "2 x 3", "2 presynaptic and 2 postsynaptic"]),
        (("--layer", "a", "--pre", "6", "--post", "1"), ["2 x 3", "6 presynaptic"]),
        (("--layer", "flat", "--pre", "3", "--post", "2"), ["layer flat", "(6,)"]),
        (("--layer", "a", "--pre", "0", "--post", "0"), ["0 presynaptic"]),
        (("--layer", "a", "--pre", "3", "--post", "2", "-n", "6"), ["--synapses"]),
        (("--pre", "3", "--post", "2"), ["--layer"]),
    ],
)
def test_a_layer_of_another_size_is_refused(options, names, run, tmp_path):
    derive(run)
    err = emit(run, tmp_path, *options, status=2)
    for name in names:
        assert name in err
    assert not (tmp_path / "core").exists()


@pytest.mark.parametrize("name", ["derived.json", "Derived.JSON"])
def test_a_layer_named_as_a_file_of_ours_is_refused(name, run, tmp_path):
    np.savez("own.npz", **{name: np.ones(3)})
    err = derive(run, weights="own.npz", importance="own.npz", status=2)
    assert name in err
    assert "rename the array" in err
    assert not (tmp_path / "d").exists()


def test_a_layer_of_which_nothing_is_left_is_refused(run, tmp_path):
    np.savez("one.npz", a=np.array([0.1, -0.2, 0.3]))
    for scale in ("1000", "1e300"):
        status, _, err = run("derive", "one.npz", "--importance", "t.npz", "--scale", scale, "-o", "d")
        assert status == 2
        status, _, err = run("derive", "one.npz", "--importance", "one.npz", "--scale", scale, "-o", "d")
    np.savez("f1.npz", a=np.ones(3))
    status, _, err = run("derive", "one.npz", "--importance", "f1.npz", "--scale", "1000", "-o", "d")
    assert status == 2
    assert "every weight of a becomes 0" in err
    assert run("derive", "one.npz", "--importance", "f1.npz", "--scale", "0.1", "-o", "d")[0] == 0


def test_the_pieces():
    assert parse_axes(None) is None
    assert parse_axes("pre,post") == ("pre", "post")
    assert axes_of("x", (2, 3), None, {"pre": 3, "post": 2}) == ("post", "pre")
    assert axes_of("x", (2, 3), None, {"post": 3}) == ("pre", "post")
    assert axes_of("x", (3, 3), ("pre", "post"), {"pre": 3, "post": 3}) == ("pre", "post")
    for shape, named, sizes in (
        ((3, 3), None, {"pre": 3}),
        ((2, 3), ("pre", "post"), {"pre": 3, "post": 2}),
        ((2, 3, 1), None, {"pre": 2}),
    ):
        with pytest.raises(UserError, match="x "):
            axes_of("x", shape, named, sizes)
    matrix = np.arange(6).reshape(2, 3)
    assert in_order({"m": matrix.reshape(-1)}, (2, 3), ("post", "pre"), ("pre", "post"))["m"].tolist() == [0, 3, 1, 4, 2, 5]
    assert with_bias("b", matrix, np.array([7, 8]), ("post", "pre")).tolist() == [[0, 1, 2, 7], [3, 4, 5, 8]]
    assert with_bias("b", matrix, np.array([[7, 8, 9]]), ("pre", "post")).tolist() == [[0, 1, 2], [3, 4, 5], [7, 8, 9]]
    with pytest.raises(UserError, match=r"b has shape \(3,\); allowed are 2 biases"):
        with_bias("b", matrix, np.array([7, 8, 9]), ("post", "pre"))
