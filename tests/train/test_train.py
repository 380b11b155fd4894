"""``sc-hw train``: killed and resumed, same bytes; data sets; logs; what it refuses; on to derive."""

import csv
import gzip
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

from sc_hw.cli import app
from sc_hw.errors import UserError
from sc_hw.train.callbacks import CSV, TensorBoard, WandB
from sc_hw.train.data import load
from sc_hw.train.run import TrainConfig, tasks

SMALL = ("--lr", "0.01", "--strength", "100", "--hidden", "12", "--tasks", "2", "--epochs", "3")
FILES = ("weights.npz", "importance.npz", "log.csv", "train.json")


def sc_hw(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("method", ["ewc", "si", "none"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, method):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert sc_hw(*SMALL, "--method", method, "--seed", seed, "-o", tmp_path / name).exit_code == 0
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert first["weights.npz"] != other["weights.npz"]
    with np.load(tmp_path / "a" / "importance.npz") as importance:
        assert all((importance[name].max() > 0) == (method != "none") for name in importance.files)
    record = json.loads(first["train.json"])
    assert [len(row) for row in record["accuracy"]] == [1, 2]
    assert record["learned"] > 0.5
    rows = list(csv.DictReader((tmp_path / "a" / "log.csv").read_text().splitlines()))
    assert [(row["task"], row["epoch"]) for row in rows] == [(str(t), str(e)) for t in (0, 1) for e in (1, 2, 3)]
    assert float(rows[-1]["accuracy1"]) == record["accuracy"][-1][1]


def test_killed_and_resumed_nothing_is_lost(tmp_path):
    """Killed without warning after the second epoch was logged, resumed, killed again, resumed to the end."""
    options = (*SMALL[:-1], "40", "--batch", "8")
    assert sc_hw(*options, "-o", tmp_path / "whole").exit_code == 0
    folder = tmp_path / "killed"
    for lines in (3, 30):
        command = [
            sys.executable,
            "-m",
            "sc_hw",
            "train",
            *options,
            "-o",
            str(folder),
            *(["--resume"] if folder.exists() else []),
        ]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        log = folder / "log.csv"
        while running.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") >= lines):
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        assert not (folder / "train.json").exists()
    with log.open("a") as file:
        file.write("1,2,0.1")  # a row cut off by the kill
    assert sc_hw(*options, "-o", folder, "--resume").exit_code == 0
    assert contents(folder) == contents(tmp_path / "whole")
    assert sc_hw(*options, "-o", folder, "--resume").exit_code == 0  # nothing left to do
    assert contents(folder) == contents(tmp_path / "whole")


def test_a_trained_network_goes_on_to_derive(tmp_path):
    assert sc_hw(*SMALL, "-o", tmp_path / "trained").exit_code == 0
    trained = tmp_path / "trained"
    done = CliRunner().invoke(app, ["derive", str(trained / "weights.npz"), "--importance", str(trained / "importance.npz"),
                                    "-o", str(tmp_path / "derived")])  # fmt: skip
    assert done.exit_code == 0
    layers = {layer["layer"]: layer for layer in json.loads((tmp_path / "derived" / "derived.json").read_text())["layers"]}
    assert layers["hidden0"]["synapses"] == 64 * 12
    assert sum(count > 0 for count in layers["hidden0"]["codes"]) > 4


def idx(array, code=8):
    return b"\0\0" + bytes([code, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def test_full_mnist_files(tmp_path):
    g = np.random.default_rng(0)
    arrays = {"x_train": g.integers(0, 256, (30, 4, 4), np.uint8), "y_train": np.arange(30, dtype=np.uint8) % 10,
              "x_test": g.integers(0, 256, (20, 4, 4), np.uint8), "y_test": np.arange(20, dtype=np.uint8) % 10}  # fmt: skip
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


def test_tasks_split_and_permute():
    data = load("digits")
    assert len(data.train) == 1347
    split = tasks(TrainConfig(), data)
    assert sum(len(part.train) for part in split) == 1347
    for k, part in enumerate(split):
        expected = data.train[(data.train_labels // 2) == k]
        np.testing.assert_array_equal(part.train, expected)
        assert set(part.test_labels) == {0, 1}
    first, second, _ = tasks(TrainConfig(protocol="permuted", tasks=3), data)
    np.testing.assert_array_equal(first.train, data.train)
    assert (second.train != data.train).any()
    np.testing.assert_array_equal(np.sort(second.test, axis=1), np.sort(data.test, axis=1))
    standard = data.standardised()
    moving = data.train.std(axis=0) > 0
    np.testing.assert_allclose(standard.train.std(axis=0)[moving], 1)
    np.testing.assert_allclose(standard.train.mean(axis=0), 0, atol=1e-12)


def test_csv_quotes_keeps_and_is_on_the_disk_at_once(tmp_path):
    path = tmp_path / "log.csv"
    log = CSV(path)
    log.row({"a": 1, "b": 'x, "y"'})
    log.row({"a": 0.1 + 0.2, "b": ""})
    assert list(csv.reader(path.read_text().splitlines())) == [["a", "b"], ["1", 'x, "y"'], ["0.30000000000000004", ""]]
    with pytest.raises(ValueError, match="columns"):
        log.row({"a": 1})
    log.close()
    again = CSV(path, keep=1)
    again.row({"a": 5, "b": "z"})
    again.close()
    assert list(csv.reader(path.read_text().splitlines())) == [["a", "b"], ["1", 'x, "y"'], ["5", "z"]]


@pytest.mark.parametrize(("board", "package", "make"), [("tensorboard", "tensorboardX", TensorBoard), ("wandb", "wandb", WandB)])
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
        (("--data", tmp_path / "odd.npz"), r"train samples \(3, 2\), labels int64 \(2,\)"),
        (("--protocol", "domain"), "--protocol 'domain': not known; allowed are single, split, permuted"),
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
    with pytest.raises(UserError, match="written with another seed; give the same options"):
        raise sc_hw(*SMALL, "--seed", 5, "--resume", "-o", tmp_path / "done").exception
