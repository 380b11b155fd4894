"""The callbacks called by hand: what is no path, no name, no number and no step is refused, and nothing is written then."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.train.callbacks import CSVCallback, TensorBoardCallback, WandBCallback
from sc_hw_models.rule import ConfigError

NO_METRICS = (
    None,
    [("loss", 0.5)],
    "loss",
    {1: 0.5},
    {"": 0.5},
    {"loss": None},
    {"loss": [0.5]},
    {"loss": np.ones(2)},
    {"step": 7},
)
NO_STEPS = (None, -1, 0.5, "0", True, [0])


class Board:
    """Stands for a board, and has what it was given."""

    def __init__(self, *given, **named):
        self.taken = []

    def log(self, values, step):
        self.taken.append((values, step))

    def add_scalar(self, name, value, step):
        self.taken.append((name, value, step))

    def flush(self):
        pass

    close = finish = flush


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Each callback, with a function that tells what it wrote."""
    board, run = Board(), Board()
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **given: run))
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=lambda *given, **named: board))
    file = tmp_path / "made.csv"
    callback = CSVCallback(file)
    yield [
        (callback, file.read_text),
        (TensorBoardCallback(tmp_path), lambda: board.taken),
        (WandBCallback("p"), lambda: run.taken),
    ]
    callback.close()


def test_what_is_no_metrics_and_no_step_is_refused_and_not_written(made):
    for callback, written in made:
        for metrics in NO_METRICS:
            with pytest.raises(ConfigError, match=r"^metrics"):
                callback.log(metrics, 0)
        for step in NO_STEPS:
            with pytest.raises(ConfigError, match=r"^step"):
                callback.log({"loss": 0.5}, step)
        assert not written()
        callback.log({"loss": np.float32(0.5), "mean": np.array(2.0), "said": "x,y"}, np.int64(3))
        assert written()
        callback.close()


def test_what_is_no_path_and_no_name_is_refused(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (None, 5, "", "a\0b", [], b"m"):
        with pytest.raises(ConfigError, match=r"^path"):
            CSVCallback(path)
        with pytest.raises(ConfigError, match=r"^log_dir"):
            TensorBoardCallback(path)
        if not isinstance(path, str) or not path:
            with pytest.raises(ConfigError, match=r"^project"):
                WandBCallback(path)
    with pytest.raises(UserError, match="cannot be written"):
        CSVCallback(tmp_path)


def test_a_file_that_is_closed_or_shorter_than_said_is_not_gone_on_with(tmp_path):
    file = tmp_path / "m.csv"
    callback = CSVCallback(file)
    callback.log({"loss": 0.5}, 0)
    with pytest.raises(ConfigError, match=r"^metrics: columns"):
        callback.log({"other": 0.5}, 1)
    callback.close()
    with pytest.raises(ConfigError, match=r"^log: the file is closed"):
        callback.log({"loss": 0.5}, 1)
    for keep in (2, 2**31 - 1):
        with pytest.raises(UserError, match=f"fewer than {keep} rows"):
            CSVCallback(file, keep=keep)
    assert file.read_text() == "step,loss\n0,0.5\n"
    CSVCallback(file, keep=1).close()
    assert file.read_text() == "step,loss\n0,0.5\n"
