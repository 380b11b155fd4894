"""``sc-hw train``: same bytes; data sets; logs; what it refuses; on to derive."""

import csv
import gzip
import json
import shutil
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from sc_hw.cli import app
from sc_hw.errors import UserError
from sc_hw.train.callbacks import CSVCallback, TensorBoardCallback, WandBCallback
from sc_hw.train.data import load
from sc_hw.train.run import TrainConfig, tasks
from sc_hw_models.rule import ConfigError
from tests.npz import read_arrays

from .runs import SMALL, contents
from .runs import train as sc_hw


@pytest.mark.parametrize("method", ["ewc", "si", "none", "online_ewc", "mas"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, method):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert sc_hw(*SMALL, "--method", method, "--seed", seed, "-o", tmp_path / name).exit_code == 0
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert first["weights.npz"] != other["weights.npz"]
    with np.load(tmp_path / "a" / "importance.npz") as importance:
        assert all((importance[name].max() > 0) == (method != "none") for name in importance.files)
    record = json.loads(first["train.json"])
    assert [len(row) for row in record["accuracy"]] == [2, 2]
    assert len(record["untrained"]) == 2
    assert record["backward_transfer"] == record["accuracy"][1][0] - record["accuracy"][0][0]
    assert record["learned"] > 0.5
    rows = list(csv.DictReader((tmp_path / "a" / "log.csv").read_text().splitlines()))
    assert [(row["task"], row["epoch"]) for row in rows] == [(str(t), str(e)) for t in (0, 1) for e in (1, 2, 3)]
    assert float(rows[-1]["accuracy1"]) == record["accuracy"][-1][1]


def test_a_trained_network_goes_on_to_derive(tmp_path):
    assert sc_hw(*SMALL, "-o", tmp_path / "trained").exit_code == 0
    trained = tmp_path / "trained"
    done = CliRunner().invoke(
        app,
        [
            "derive",
            str(trained / "weights.npz"),
            "--importance",
            str(trained / "importance.npz"),
            "-o",
            str(tmp_path / "derived"),
        ],
    )
    assert done.exit_code == 0
    layers = {layer["layer"]: layer for layer in json.loads((tmp_path / "derived" / "derived.json").read_text())["layers"]}
    assert layers["hidden0"]["synapses"] == 64 * 12
    assert sum(count > 0 for count in layers["hidden0"]["codes"]) > 4


def idx(array, code=8):
    return b"\0\0" + bytes([code, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def test_full_mnist_files(tmp_path):
    g = np.random.default_rng(0)
    arrays = {
        "x_train": g.integers(0, 256, (30, 4, 4), np.uint8),
        "y_train": np.arange(30, dtype=np.uint8) % 10,
        "x_test": g.integers(0, 256, (20, 4, 4), np.uint8),
        "y_test": np.arange(20, dtype=np.uint8) % 10,
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    folder = tmp_path / "idx"
    folder.mkdir()
    for k, (name, array) in enumerate(zip(names, arrays.values(), strict=True)):
        packed = k % 2  # half of them compressed
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    for source in (tmp_path / "mnist.npz", folder):
        data = load(str(source))
        np.testing.assert_array_equal(data.train, arrays["x_train"].reshape(30, 16) / 255)
        np.testing.assert_array_equal(data.test_labels, arrays["y_test"])
        assert data.classes == 10
        assert sc_hw("--data", source, *SMALL, "-o", tmp_path / f"of-{source.name}").exit_code == 0


def spoiled(folder, name, content):
    """MNIST's four files, one of them replaced."""
    folder.mkdir()
    images, labels = idx(np.zeros((6, 2, 2), np.uint8)), idx(np.arange(6, dtype=np.uint8))
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    plain = folder / name.removesuffix(".gz")
    plain.unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    return folder


def test_bad_idx_and_npz_files_are_refused_in_one_line(tmp_path):
    images, labels = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
    whole = idx(np.zeros((6, 2, 2), np.uint8))
    packed = gzip.compress(whole)
    assert len(load(str(spoiled(tmp_path / "good", f"{images}.gz", packed))).train) == 6
    cases = {
        "missing": (images, None, "No such file"),
        "cut": (images, whole[:-1], "has 23 bytes of data; its head says 6 x 2 x 2"),
        "long": (images, whole + b"0", "has 25 bytes of data"),
        "head": (images, whole[:10], "is no idx file of bytes"),
        "empty": (images, b"", "is no idx file of bytes"),
        "magic": (images, b"\1" + whole[1:], "is no idx file of bytes"),
        "floats": (images, idx(np.zeros((6, 2, 2), np.uint8), code=13), "is no idx file of bytes"),
        "packed-cut": (f"{images}.gz", packed[:-9], "end-of-stream"),
        "packed-bad": (f"{images}.gz", packed[:12] + b"\xff\xff" + packed[14:], f"{images}.gz"),
        "no-gzip": (f"{images}.gz", whole, "Not a gzipped file"),
        "fewer": (labels, idx(np.arange(5, dtype=np.uint8)), r"test samples uint8 \(6, 2, 2\), labels uint8 \(5,\)"),
        "swapped": (images, idx(np.arange(6, dtype=np.uint8)), r"train samples uint8 \(6,\)"),
        "narrow": (images, idx(np.zeros((6, 2, 3), np.uint8)), "6 features to train on, 4 to test on"),
        "none": (images, idx(np.zeros((0, 2, 2), np.uint8)), r"train samples uint8 \(0, 2, 2\)"),
    }
    refused = {name: (spoiled(tmp_path / name, file, content), words) for name, (file, content, words) in cases.items()}
    good = {"x_train": np.ones((6, 2)), "y_train": np.arange(6), "x_test": np.ones((6, 2)), "y_test": np.arange(6)}
    for name, change, words in (
        ("text", {"x_train": np.full((6, 2), "1")}, "train samples <U1"),
        ("objects", {"x_train": np.full((6, 2), None)}, "cannot be read"),
        ("lacking", {}, r"cannot be read \(it has no x_train, y_train\)"),
        ("nan", {"x_test": np.full((6, 2), np.nan)}, "test samples are not all finite"),
        ("fractions", {"y_train": np.full(6, 0.5)}, "labels float64"),
        ("negative", {"y_train": np.arange(6) - 1}, "labels int64"),
        ("huge", {"y_test": np.full(6, 10**9)}, "0..999"),
        ("gap", {"y_train": np.arange(6) % 2, "y_test": np.full(6, 9)}, "--tasks 5: no samples of the classes 0..1"),
    ):
        kept = {key: array for key, array in good.items() if name != "lacking" or key.endswith("test")}
        np.savez(tmp_path / f"{name}.npz", **(kept | change))
        refused[name] = tmp_path / f"{name}.npz", words
    np.save(tmp_path / "array.npy", np.ones(3))
    whole_archive = (tmp_path / "gap.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole_archive[:-30])
    refused |= {"array": (tmp_path / "array.npy", "one array"), "cut-npz": (tmp_path / "cut.npz", "cannot be read")}
    before = sorted(tmp_path.iterdir())
    for source, words in refused.values():
        done = sc_hw("--data", source, "-o", tmp_path / "out")
        with pytest.raises(UserError, match=words):
            raise done.exception
        assert "\n" not in str(done.exception)
        assert sorted(tmp_path.iterdir()) == before


def test_weights_that_run_away_are_told_and_not_written(tmp_path):
    done = sc_hw(*SMALL, "--optimiser", "sgd", "--method", "none", "--lr", "1e300", "-o", tmp_path / "out")
    with pytest.raises(UserError, match=r"--lr 1e\+300: weights are no longer finite after epoch 1 of task 0"):
        raise done.exception
    assert not (tmp_path / "out" / "weights.npz").exists()


def test_tasks_split_and_permute():
    data = load("digits")
    assert len(data.train) == 1347
    split = tasks(TrainConfig(), data)
    assert sum(len(part.train) for part in split) == 1347
    for k, part in enumerate(split):
        expected = data.train[(data.train_labels // 2) == k]
        np.testing.assert_array_equal(part.train, expected)
        assert set(part.test_labels) == {0, 1}
    first, second, _ = tasks(TrainConfig(protocol="permuted-domain", tasks=3), data)
    np.testing.assert_array_equal(first.train, data.train)
    assert (second.train != data.train).any()
    np.testing.assert_array_equal(np.sort(second.test, axis=1), np.sort(data.test, axis=1))
    standard = data.standardised()
    moving = data.train.std(axis=0) > 0
    np.testing.assert_allclose(standard.train.std(axis=0)[moving], 1)
    np.testing.assert_allclose(standard.train.mean(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("protocol", ["split-task", "split-domain", "split-class", "permuted-domain"])
def test_every_protocol_prints_its_matrix_and_the_one_that_knows_the_task_says_so(tmp_path, protocol):
    done = sc_hw("--protocol", protocol, "--tasks", 2, "--epochs", 2, "--method", "replay", "--biases", "-o", tmp_path / "out")
    assert done.exit_code == 0
    record = json.loads((tmp_path / "out" / "train.json").read_text())
    assert f"{protocol}, replay" in done.output
    printed = [[float(v) for v in line.split()[2:]] for line in done.output.splitlines() if line.strip().startswith("task ")]
    np.testing.assert_allclose(printed, 100 * np.array(record["accuracy"]), atol=0.051)
    assert f"forgetting {100 * record['forgetting']:.1f}" in done.output
    assert ("split-task tells the network" in done.output) == (protocol == "split-task")
    outputs = {"split-task": 5, "split-domain": 5, "split-class": 10, "permuted-domain": 10}[protocol]
    assert record["layers"] == {"hidden0": [64, 65]} | {
        f"output{k}": [outputs, 65] for k in range(2 if protocol == "split-task" else 1)
    }


def test_csv_quotes_keeps_and_is_on_the_disk_at_once(tmp_path):
    path = tmp_path / "log.csv"
    log = CSVCallback(path)
    log.log({"a": 1, "b": 'x, "y"'}, 0)
    log.log({"a": 0.1 + 0.2, "b": ""}, 1)
    heading, first = ["step", "a", "b"], ["0", "1", 'x, "y"']
    assert list(csv.reader(path.read_text().splitlines())) == [heading, first, ["1", "0.30000000000000004", ""]]
    with pytest.raises(ValueError, match="columns"):
        log.log({"a": 1}, 2)
    with pytest.raises(ConfigError, match="step=-1"):
        log.log({"a": 1, "b": 2}, -1)
    log.close()
    again = CSVCallback(path, keep=1)
    again.log({"a": 5, "b": "z"}, 7)
    again.close()
    with pytest.raises(UserError, match="fewer than 5 rows"):
        CSVCallback(path, keep=5)
    assert list(csv.reader(path.read_text().splitlines())) == [heading, first, ["7", "5", "z"]]


@pytest.mark.parametrize(
    ("board", "package", "make"), [("tensorboard", "tensorboardX", TensorBoardCallback), ("wandb", "wandb", WandBCallback)]
)
def test_a_board_that_is_missing_names_its_extra(tmp_path, monkeypatch, board, package, make):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}; install it with: pip install 'sc-hw\[{board}\]'"):
        make(tmp_path)
    done = sc_hw(*SMALL, "--log", board, "-o", tmp_path / "out")
    assert isinstance(done.exception, UserError)
    assert not (tmp_path / "out").exists()


def test_bad_input_is_refused_and_nothing_written(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "short.npz", x_train=np.ones((3, 2)))
    np.savez(tmp_path / "odd.npz", x_train=np.ones((3, 2)), y_train=np.arange(2), x_test=np.ones((3, 2)), y_test=np.arange(3))
    before = sorted(tmp_path.iterdir())
    for options, words in (
        (("--data", tmp_path / "none"), "none: cannot be read"),
        (("--data", tmp_path / "text.npz"), "text.npz: cannot be read"),
        (("--data", tmp_path / "short.npz"), "short.npz: cannot be read"),
        (("--data", tmp_path / "odd.npz"), r"train samples float64 \(3, 2\), labels int64 \(2,\)"),
        (
            ("--protocol", "domain"),
            "--protocol 'domain': not known; allowed are single, split-task, split-domain, split-class, permuted-domain",
        ),
        (("--protocol", "single"), "--tasks 5: the protocol single has one"),
        (("--tasks", "3"), "--tasks 3: does not divide 10 classes"),
        (("--hidden", "a"), "--hidden 'a'"),
        (("--hidden", "0"), "sizes=0"),
        (("--method", "l2"), "method='l2'"),
        (("--optimiser", "x"), "optimiser='x'"),
        (("--lr", "nan"), "lr=nan"),
        (("--strength", "-1"), "strength=-1"),
        (("--log", "paper"), "--log 'paper'"),
        (("--resume", "--force"), "--resume and --force"),
    ):
        done = sc_hw("-o", tmp_path / "out", *options)
        with pytest.raises(UserError, match=words):
            raise done.exception
        assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(UserError, match="exists; give another folder"):
        raise sc_hw("-o", tmp_path / "there").exception
    with pytest.raises(UserError, match=r"--resume: .* cannot be read"):
        raise sc_hw("-o", tmp_path / "there", "--resume").exception
    assert sc_hw(*SMALL, "-o", tmp_path / "done").exit_code == 0
    for name, content in (("identity", "[1]"), ("identity", "{"), ("history", '[["x"]]'), ("rows", "many"), ("progress", [1])):
        kept = read_arrays(tmp_path / "done" / "checkpoint.npz")
        shutil.copytree(tmp_path / "done", tmp_path / "odd")
        np.savez(tmp_path / "odd" / "checkpoint.npz", **kept | {name: content})
        with pytest.raises(UserError, match=r"checkpoint\.npz: cannot be read"):
            raise sc_hw(*SMALL, "-o", tmp_path / "odd", "--resume").exception
        shutil.rmtree(tmp_path / "odd")
    with pytest.raises(UserError, match="written with another seed; give the same options"):
        raise sc_hw(*SMALL, "--seed", 5, "--resume", "-o", tmp_path / "done").exception
