"""``sc-hw import``: spikes against an interpreter written a second time, what is refused, and what damaged files end in."""

import io
import json
import pickle
import struct
import zipfile
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

import sc_hw
from sc_hw.errors import UserError
from sc_hw.imports.floats import float_play
from sc_hw.imports.graph import Graph, Node, Options
from sc_hw.imports.net import net_of
from sc_hw.imports.nir import read
from sc_hw_models.compiled import CompileError, compiler
from tests.imports import graphs
from tests.npz import read_arrays
from tests.refusals import refused

SAID = ["--timesteps", "16", "--dt", "1e-4", "--reset", "subtract", "--code", "constant"]

COMPILED = ("test_an_integrator_without_leak_becomes_a_chip_of_the_counting_form",)


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path, request):
    monkeypatch.chdir(tmp_path)
    if request.node.name not in COMPILED:  # the compiled model takes a second of the compiler for each network
        monkeypatch.setattr("sc_hw.imports.compare.CompiledNetwork", _no_compiler)
    return sc_hw


def _no_compiler(spec):
    raise CompileError("none")


def said(**changes):
    return Options(**({"timesteps": 16, "dt": 1e-4, "reset": "subtract", "code": "constant"} | changes))


def integers(folder, levels, timesteps):
    """Step an imported network of two LIF layers by plain Python integers; return spikes by layer."""
    w = read_arrays(folder / "weights.npz")
    text = (folder / "network.toml").read_text()
    first, second = ({k: int(v) for k, v in found} for found in _lifs(text))
    state, spikes = [0] * 20, []
    last, decided = [0] * 4, [0] * 4
    for _ in range(timesteps):
        z = []
        for j in range(20):
            v = state[j] - (state[j] >> first["leak_shift"])
            v += sum(int(x) * int(w["affine"][i, j]) for i, x in enumerate([*levels, 16]))
            z.append(int(v >= first["threshold"]))
            state[j] = v - first["threshold"] * z[-1]
        for k in range(4):
            v = last[k] - (last[k] >> second["leak_shift"]) + sum(z[j] * int(w["affine_1"][j, k]) for j in range(20))
            fired = int(v >= second["threshold"])
            last[k] = v - second["threshold"] * fired
            decided[k] += fired
        spikes.append(z)
    return np.array(spikes), decided


def _lifs(text):
    for part in text.split("[population.")[1:]:
        if 'rule = "lif"' in part:
            yield [line.split(" = ") for line in part.splitlines() if line.startswith(("leak_shift", "threshold"))]


def test_a_snntorch_network_spikes_as_its_integers_say_and_nearly_as_its_floats(run, tmp_path):
    nir.write(tmp_path / "net.nir", graphs.dense())
    status, out, err = run("import", "net.nir", *SAID, "-o", "net", "--json", "r.json")
    assert status == 0, err
    record = json.loads((tmp_path / "r.json").read_text())
    assert record == json.loads((tmp_path / "net" / "import.json").read_text())
    assert {p.name for p in (tmp_path / "net").iterdir()} == {"network.toml", "weights.npz", "import.json"}
    comparison = record["comparison"]
    assert comparison["decisions_equal"] >= 49
    assert all(row["spikes"] > 0 and row["different"] <= 0.01 * row["of"] for row in comparison["layers"].values())
    assert [row["projection"] for row in record["projections"]] == ["affine", "affine_1", "lif_1"]
    assert all(row["error"] < 0.005 and not row["clipped"] for row in record["projections"])
    assert "differ" in out
    chip = sc_hw.network(tmp_path / "net" / "network.toml")
    pixels = np.random.default_rng(5).integers(0, 256, (3, 16)).astype(np.uint8)
    for sample, moment in zip(pixels, chip.model.play(pixels, [0, 0, 0], learn=False), strict=True):
        spikes, decided = integers(tmp_path / "net", (sample.astype(int) + 8) >> 4, 16)
        np.testing.assert_array_equal(spikes, [step["lif.activity"] for step in moment["timesteps"]])
        assert moment["output"].tolist() == decided


def reference(graph, reset, given):
    """NIR's own equations, a neuron and a timestep at a time, for Affine, LIF, Affine, LIF with snnTorch's order of steps."""
    first, second = graph.nodes["affine"], graph.nodes["affine_1"]
    result, states = [], [[0.0] * 20, [0.0] * 4]
    for x in given:
        for matrix, lif, v in ((first, graph.nodes["lif"], states[0]), (second, graph.nodes["lif_1"], states[1])):
            z = []
            for j in range(len(v)):
                current = float(matrix.bias[j] + sum(matrix.weight[j][i] * x[i] for i in range(len(x))))
                late = reset == "subtract-late" and v[j] > lif.v_threshold[j]
                dv = graphs.DT / lif.tau[j] * (lif.v_leak[j] - v[j] + lif.r[j] * current)
                v[j] += dv - (lif.v_threshold[j] if late else 0)
                z.append(float(v[j] > lif.v_threshold[j]))
                if z[-1] and reset != "subtract-late":
                    v[j] = v[j] - lif.v_threshold[j] if reset == "subtract" else lif.v_reset[j]
            x = z
        result.append(z)
    return np.array(result)


@pytest.mark.parametrize("reset", ["subtract", "subtract-late", "zero"])
def test_the_floating_point_side_is_what_the_equations_say(tmp_path, reset):
    graph = graphs.dense()
    nir.write(tmp_path / "net.nir", graph)
    options = said(reset=reset, approximate=("reset",))
    net = net_of(read(tmp_path / "net.nir", options), options)
    given = np.random.default_rng(3).random((12, 16)) * 2
    spikes, _ = float_play(net, list(given), reset)
    np.testing.assert_array_equal(spikes["lif_1"], reference(graph, reset, given))
    assert spikes["lif_1"].sum() > 3


def test_an_integrator_without_leak_becomes_a_chip_of_the_counting_form(run, tmp_path):
    nir.write(tmp_path / "net.nir", graphs.integrating())
    assert run("import", "net.nir", *SAID, "-o", "net")[0] == 0
    record = json.loads((tmp_path / "net" / "import.json").read_text())
    row = record["comparison"]["layers"]["if"]
    assert row["spikes"] > 100
    assert row["different"] <= 0.005 * row["of"]
    assert record["comparison"]["compiled"] == (compiler() is not None)
    assert run("emit", "--network", "net/network.toml", "-o", "chip")[0] == 0
    np.testing.assert_array_equal(*(read_arrays(tmp_path / f / "weights.npz")["affine"] for f in ("net", "chip")))
    made = read_arrays(tmp_path / "chip" / "initial.npz")["affine.weight"]
    np.testing.assert_array_equal(made, read_arrays(tmp_path / "net" / "weights.npz")["affine"])
    assert sc_hw.load(tmp_path / "chip").model.spec.weights
    weights = tmp_path / "chip" / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-40])
    refused(run("sim", "chip"), "weights.npz")


def test_a_recurrence_takes_the_spikes_of_the_timestep_before(run, tmp_path):
    nir.write(tmp_path / "net.nir", graphs.recurrent(graphs.snntorch_leaky(10)))
    assert run("import", "net.nir", *SAID, "-o", "net")[0] == 0
    assert "delay = 1" in (tmp_path / "net" / "network.toml").read_text().split("[projection.lif1_w_rec]")[1].split("[")[0]
    row = json.loads((tmp_path / "net" / "import.json").read_text())["comparison"]["layers"]["lif1.lif"]
    assert row["spikes"] > 100
    assert row["different"] <= 0.02 * row["of"]
    unfiltered = graphs.recurrent(graphs.snntorch_synaptic(10, 0.0))
    nir.write(tmp_path / "cuba.nir", unfiltered)
    assert run("import", "cuba.nir", *SAID, "-o", "cuba")[0] == 0
    np.testing.assert_array_equal(*(read_arrays(tmp_path / f / "weights.npz")["fc1"] for f in ("net", "cuba")))


def _conv():
    weight = np.ones((1, 1, 3, 3))
    return nir.NIRGraph(
        {
            "input": nir.Input(np.array([1, 4, 4])),
            "conv1": nir.Conv2d((4, 4), weight, 1, 0, 1, 1, np.zeros(1)),
            "output": nir.Output(np.array([1, 2, 2])),
        },
        [("input", "conv1"), ("conv1", "output")],
    )


@pytest.mark.parametrize(
    ("graph", "without", "parts"),
    [
        (graphs.dense, "--dt", ("node 'lif' (LIF)", "--dt SECONDS")),
        (graphs.dense, "--reset", ("node 'lif' (LIF)", "--reset subtract|subtract-late|zero")),
        (graphs.dense, "--code", ("node 'input'", "--code constant|poisson|latency")),
        (_conv, None, ("node 'conv1' (Conv2d)", "a convolution", "possible are")),
        (lambda: graphs.recurrent(graphs.snntorch_synaptic(10, 0.5)), None, ("node 'lif1.lif' (CubaLIF)", "a filter", "0.0002")),
        (graphs.two_layer_cycle, None, ("a cycle through node 'a'", "possible is")),
        (lambda: graphs.chain(nir.Linear(graphs.weights(4, 4)), graphs.norse_lif_box(4, 90)), None, ("loses 0.009", "0.0078125")),
        (lambda: graphs.chain(nir.Linear(90 * graphs.weights(4, 4)), graphs.snntorch_leaky(4)), None, ("--approximate clip",)),
    ],
)
def test_what_a_file_lacks_or_a_chip_cannot_do_is_refused_by_node(run, tmp_path, graph, without, parts):
    nir.write(tmp_path / "net.nir", graph())
    words = list(SAID)
    if without:
        at = words.index(without)
        del words[at : at + 2]
    refused(run("import", "net.nir", *words, "--weight-bits", "8", "-o", "net"), *parts)
    assert not (tmp_path / "net").exists()


def test_what_may_be_approximated_is_said_and_measured(run, tmp_path):
    graph = graphs.chain(nir.Linear(20 * graphs.weights(6, 6)), graphs.norse_lif_box(6, 90), nir.Linear(graphs.weights(2, 6)))
    nir.write(tmp_path / "net.nir", graph)
    words = ["import", "net.nir", "--timesteps", "16", "--dt", "0.001", "--code", "poisson", "--reset", "zero"]
    refused(run(*words, "-o", "net"), "node 'lif'", "--approximate reset")
    status, out, _ = run(*words, "--approximate", "reset", "--approximate", "leak", "-o", "net")
    assert status == 0
    assert "its membrane loses 0.09 in a timestep" in out
    assert json.loads((tmp_path / "net" / "import.json").read_text())["approximated"]


def layers(rng, *sizes):
    return [(rng.normal(0, 0.4, (b, a)), rng.normal(0, 0.1, b)) for a, b in pairwise(sizes)]


def torch_file(path, arrays, evil=None):
    """Write what ``torch.save(state_dict)`` writes, a pickle of protocol 2 by hand."""
    text = b"\x80\x02ccollections\nOrderedDict\n)R("
    for number, (name, array) in enumerate(arrays.items()):
        shape, strides = array.shape, [int(np.prod(array.shape[k + 1 :])) for k in range(array.ndim)]
        numbers = lambda values: b"(" + b"".join(b"J" + struct.pack("<i", v) for v in values) + b"t"  # noqa: E731
        word = lambda value: b"X" + struct.pack("<I", len(value)) + value.encode()  # noqa: E731
        storage = b"(" + word("storage") + b"ctorch\nFloatStorage\n" + word(str(number)) + word("cpu")
        storage += b"J" + struct.pack("<i", array.size) + b"tQ"
        text += word(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + numbers(shape) + numbers(strides)
        text += b"\x89ccollections\nOrderedDict\n)RtR"
    text += b"u" + (evil or b"") + b"."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", text)
        archive.writestr("m/byteorder", "little")
        for number, array in enumerate(arrays.values()):
            archive.writestr(f"m/data/{number}", array.astype("<f4").tobytes())


def safetensors_file(path, arrays):
    table, content = {}, b""
    for name, array in arrays.items():
        part = array.astype("<f4").tobytes()
        table[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(content), len(content) + len(part)]}
        content += part
    head = json.dumps(table).encode()
    Path(path).write_bytes(struct.pack("<Q", len(head)) + head + content)


def test_dense_layers_of_four_kinds_of_file_are_one_network(run, tmp_path):
    made = layers(np.random.default_rng(7), 16, 20, 12, 4)
    torch = {f"fc{k}.{part}": a for k, pair in enumerate(made) for part, a in zip(("weight", "bias"), pair, strict=True)}
    torch = {name: a.astype(np.float32) for name, a in torch.items()}
    torch_file(tmp_path / "t.pt", torch)
    safetensors_file(tmp_path / "t.safetensors", torch)
    np.savez(tmp_path / "t.npz", **torch)
    np.savez(tmp_path / "keras.npz", **{n.replace(".weight", "/kernel").replace(".bias", "/bias"): a.T for n, a in torch.items()})
    found = []
    for name in ("t.pt", "t.safetensors", "t.npz", "keras.npz"):
        status, _, err = run("import", name, "--timesteps", "64", "--threshold", "2", "-o", name + "_net")
        assert status == 0, err
        found.append(read_arrays(tmp_path / (name + "_net") / "weights.npz"))
    for other in found[1:]:
        assert other.keys() == found[0].keys()
        for name, array in other.items():
            np.testing.assert_array_equal(array, found[0][name])
    row = json.loads((tmp_path / "t.pt_net" / "import.json").read_text())["comparison"]
    assert row["decisions_equal"] >= 45
    chip = sc_hw.network(tmp_path / "t.pt_net" / "network.toml")
    pixels = np.random.default_rng(2).integers(0, 256, (8, 16)).astype(np.uint8)
    value = ((pixels.astype(int) + 8) >> 4) / 16
    for k, (w, b) in enumerate(made):
        value = value @ w.T + b
        value = value if k == 2 else np.clip(value, 0, 2)
    outputs = np.array([m["output"] for m in chip.model.play(pixels, [0] * 8, learn=False)])
    assert np.corrcoef(outputs.ravel(), value.ravel())[0, 1] > 0.99


def test_dense_layers_say_what_their_axes_are(run, tmp_path):
    rng = np.random.default_rng(1)
    square = {f"{n}.{p}": rng.normal(0, 0.3, (6, 6) if p == "weight" else 6) for n in "ab" for p in ("weight", "bias")}
    np.savez(tmp_path / "s.npz", **square)
    words = ["import", "s.npz", "--timesteps", "16", "--threshold", "1"]
    refused(run(*words, "-o", "n"), "'a' 6 x 6", "--axes")
    assert run(*words, "--axes", "post,pre", "-o", "n")[0] == 0
    assert run(*words, "--axes", "pre,post", "-o", "m")[0] == 0
    a, b = (read_arrays(tmp_path / n / "weights.npz")["a"] for n in "nm")
    np.testing.assert_array_equal(a[:6] != 0, a[:6] != 0)
    np.testing.assert_array_equal(a[:6], b[:6].T)
    np.testing.assert_array_equal(a[6], b[6])  # the row that always spikes
    refused(run("import", "s.npz", "--timesteps", "16", "--axes", "pre,post", "-o", "o"), "'a'", "--threshold")
    np.savez(tmp_path / "c.npz", **square, conv=np.ones((3, 3, 1, 2)))
    refused(run("import", "c.npz", "--timesteps", "16", "--threshold", "1", "-o", "o"), "array 'conv'", "(3, 3, 1, 2)")


def _hostile(tmp_path):
    """Yield damaged and hostile files by name, and what is said of them."""
    nir.write(tmp_path / "good.nir", graphs.dense())
    good = (tmp_path / "good.nir").read_bytes()
    (tmp_path / "half.nir").write_bytes(good[: len(good) // 2])
    (tmp_path / "text.nir").write_text("hello")
    (tmp_path / "empty.nir").write_bytes(b"")
    with h5py.File(tmp_path / "huge.nir", "w") as f:
        f["node/type"] = "NIRGraph"
        f.create_dataset("node/nodes/a/weight", (1 << 20, 1 << 20), "f8", chunks=(16, 16))
    with h5py.File(tmp_path / "link.nir", "w") as f:
        f["node/type"] = "NIRGraph"
        f["node/nodes"] = h5py.ExternalLink("/etc/hostname", "/")
    with h5py.File(tmp_path / "outside.nir", "w") as f:
        f["node/type"] = "NIRGraph"
        f.create_dataset("node/nodes", (8,), "u1", external=[("/etc/hostname", 0, 8)])
    with h5py.File(tmp_path / "loop.nir", "w") as f:
        f["node/type"] = "NIRGraph"
        f["node/nodes"] = f["node"]
    with h5py.File(tmp_path / "bomb.nir", "w") as f:
        f["node/type"] = "NIRGraph"
        f.create_dataset("node/nodes", (100, 1 << 20), "f8", chunks=(1, 1 << 16), compression="gzip")
    rng = np.random.default_rng(1)
    arrays = {"a.weight": rng.normal(0, 1, (2, 3)).astype("f4")}
    torch_file(tmp_path / "evil.pt", arrays, evil=b"cos\nsystem\n(X\x0a\0\0\0touch ownedtR")
    (tmp_path / "old.pt").write_bytes(pickle.dumps({"a": 1}))
    head = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "big.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 4)
    (tmp_path / "head.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "objects.npz", "w") as archive:
        archive.writestr("a.npy", stream.getvalue())


def test_damaged_and_hostile_files_are_refused_in_a_line(run, tmp_path):
    _hostile(tmp_path)
    said_of = {
        "half.nir": "truncated file",
        "text.nir": "does not begin as HDF5",
        "empty.nir": "does not begin as HDF5",
        "huge.nir": "larger than 1 GiB",
        "bomb.nir": "more than 64 times its size",
        "link.nir": "a link to elsewhere",
        "outside.nir": "in another file",
        "loop.nir": "inside each other",
        "evil.pt": "os.system, which is not looked up",
        "old.pt": "not a usable state_dict",
        "big.safetensors": "not a usable .safetensors",
        "head.safetensors": "a table of",
        "objects.npz": "Python objects",
        "gone.nir": "cannot be read",
        "net.onnx": "unknown kind of file",
    }
    for name, part in said_of.items():
        refused(run("import", name, *SAID, "-o", "out"), name, part)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "owned").exists()


def test_python_gives_a_network_that_decides(tmp_path):
    nir.write(tmp_path / "net.nir", graphs.integrating())
    chip = sc_hw.imported(tmp_path / "net.nir", output=tmp_path / "net", timesteps=16, dt=1e-4, reset="subtract", code="constant")
    assert chip.record["verb"] == "import"
    assert set(chip.predict(np.full((3, 16), 200, dtype=np.uint8))) <= set(range(4))
    with pytest.raises(UserError, match="--dt SECONDS"):
        sc_hw.imported(tmp_path / "net.nir", output=tmp_path / "no", timesteps=16, reset="subtract", code="constant")


def test_a_weights_file_that_does_not_fit_its_network_is_refused(run, tmp_path):
    nir.write(tmp_path / "net.nir", graphs.integrating())
    assert run("import", "net.nir", *SAID, "-o", "net")[0] == 0
    text = (tmp_path / "net" / "network.toml").read_text()
    good = read_arrays(tmp_path / "net" / "weights.npz")
    for change, part in (
        ({"affine": good["affine"][1:]}, "[projection.affine] weights"),
        ({"affine": good["affine"] * 100}, "allowed are -2048..2047"),
        ({"nobody": good["affine"]}, "'nobody' is no projection"),
    ):
        np.savez(tmp_path / "w.npz", **(good | change))
        (tmp_path / "n.toml").write_text(text.replace("weights.npz", "w.npz"))
        refused(run("emit", "--network", "n.toml", "-o", "chip"), part)
    (tmp_path / "n.toml").write_text(text.replace("weights.npz", "../w.npz"))
    refused(run("emit", "--network", "n.toml", "-o", "chip"), "beside this one")


def test_a_graph_of_wires_alone_ends(tmp_path):
    nodes = {"input": Node("Input", {"shape": np.array([2])}), "f": Node("Flatten"), "output": Node("Output")}
    with pytest.raises(UserError, match="leads to itself"):
        net_of(Graph(nodes, (("f", "f"),)), said())


def test_a_file_that_the_hdf5_library_never_ends_with_is_refused(run, tmp_path, monkeypatch):
    """Bytes changed by chance let it run for ever: here it has no time at all."""
    nir.write(tmp_path / "net.nir", graphs.dense())
    monkeypatch.setattr("sc_hw.imports.nir.MOST_SECONDS", 0.001)
    refused(run("import", "net.nir", *SAID, "-o", "net"), "came to no end")
