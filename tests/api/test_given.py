"""What is given from Python as people have it, NumPy's scalars and arrays, and what is refused as the command refuses it."""

import numpy as np
import pytest

import sc_hw
from sc_hw import UserError
from sc_hw.api.call import _arguments, verbs
from tests.networks.small import SMALL_FILE

PIXELS, CLASSES = np.zeros((4, 6), np.uint8), np.array([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("values", "typed"),
    [
        ({"synapses": np.int64(8)}, ["--synapses=8"]),
        ({"synapses": np.array(8)}, ["--synapses=8"]),
        ({"force": np.bool_(True)}, ["--force"]),
        ({"force": np.bool_(False)}, []),
        ({"settings": {"bits": np.int8(3), "on": np.bool_(True)}}, ["--set=bits=3", "--set=on=true"]),
        ({"runtime": np.array(["a", "b"])}, ["--runtime=a", "--runtime=b"]),
        ({"runtime": {"a": 1, "b": 2}.keys()}, ["--runtime=a", "--runtime=b"]),
        ({"clock": np.float32(0.5)}, ["--clock=0.5"]),
    ],
    ids=str,
)
def test_what_numpy_has_is_typed_as_what_it_is(values, typed):
    assert _arguments(verbs()["emit",], values) == [*typed, "--"]


@pytest.mark.parametrize(
    "value",
    [10**5000, np.array([8, 9]), np.array([8]), [8], 8j, "a\0b", "a\ud800b", b"8", object()],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_typed_is_refused(value):
    with pytest.raises(UserError, match="--synapses"):
        sc_hw.emit(synapses=value)


def test_a_defect_is_raised_and_leaves_no_file(tmp_path, monkeypatch):
    """The command line leaves a file with the traceback, which Python shows."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("SC_HW_TRACEBACK")
    monkeypatch.setattr("sc_hw.api.call._arguments", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        sc_hw.rules()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [None, 3, b"core", "a\0b", "a\ud800b", ["core"]], ids=repr)
def test_what_is_no_path_is_refused_before_anything_is_written(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = sc_hw.network(SMALL_FILE)
    calls = [sc_hw.load, sc_hw.network, network.save, network.restore, lambda path: network.set_params(path=path)]
    if given is not None:
        calls.append(lambda path: sc_hw.emit(synapses=4, generator="verilog", output=path))
    for call in calls:
        with pytest.raises(UserError):
            call(given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "samples",
    [None, [[1], [1, 2]], "abc", iter([]), PIXELS * 1.0, PIXELS[0], [[10**30] * 6]],
    ids=["none", "ragged", "text", "iterator", "floats", "flat", "too large"],
)
def test_samples_that_are_none_are_refused(samples):
    network = sc_hw.network(SMALL_FILE)
    for call in (network.predict, lambda x: network.fit(x, CLASSES, passes=1), lambda x: network.score(x, CLASSES)):
        with pytest.raises(UserError, match="samples"):
            call(samples)


@pytest.mark.parametrize(
    "labels", [None, 3, "abcd", CLASSES[:2], CLASSES[None], CLASSES[:, None], CLASSES + 9, CLASSES * 1.0], ids=repr
)
def test_a_score_takes_the_labels_that_learning_takes(labels):
    """A column of labels was compared with every decision, and half of all were right."""
    network = sc_hw.network(SMALL_FILE)
    for call in (network.score, network.partial_fit):
        with pytest.raises(UserError, match="labels"):
            call(PIXELS, labels)
    with pytest.raises(UserError, match="projection"):
        network.weights(["in"])
    with pytest.raises(UserError, match="passes: an integer of"):
        network.fit(PIXELS, CLASSES, passes=10**5000)


class Odd:
    """An object that says nothing of itself without an error."""

    def __repr__(self):
        raise RuntimeError("no")

    def __fspath__(self):
        raise RuntimeError("no")


class InBytes:
    """A path as some libraries give it."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


@pytest.mark.parametrize("value", [Odd(), 10**5000, np.ma.masked], ids=["odd", "digits", "masked"])
def test_values_that_cannot_even_be_shown_are_refused(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (
        lambda: sc_hw.emit(synapses=value),
        lambda: sc_hw.emit(synapses=4, force=value, output="core"),
        lambda: sc_hw.estimate(synapses=4, json=value),
        lambda: sc_hw.load(value),
        lambda: sc_hw.network(value),
    ):
        with pytest.raises(UserError):
            call()
    assert not list(tmp_path.iterdir())


def test_a_path_in_bytes_and_no_settings_are_taken(tmp_path):
    found = sc_hw.estimate(synapses=4, settings=np.array([]), json=InBytes(bytes(tmp_path / "record.json")))
    assert found.record["verb"] == "estimate"
    assert (tmp_path / "record.json").is_file()


def test_what_is_said_of_any_name_is_one_line(tmp_path):
    for name in ("a\nb\x1b[31m", "x" * 6000):
        for call in (sc_hw.load, sc_hw.network, lambda path: sc_hw.rule_new("r", output=path)):
            with pytest.raises(UserError) as caught:
                call(tmp_path / name)
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 2100
