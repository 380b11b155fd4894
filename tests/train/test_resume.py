"""Runs of ``sc-hw train`` that are killed or stopped, and resumed: same bytes, and boards that go on where they were."""

import signal
import subprocess
import sys
import time
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from sc_hw.train.callbacks import TrainingCallback
from sc_hw.train.data import load

from ..daily import check
from .runs import FILES, SMALL, contents
from .runs import train as sc_hw


@pytest.fixture
def digits(tmp_path):
    """The digits as a file: a process that trains on it does not import scikit-learn, which takes longer than to train."""
    data, path = load("digits"), tmp_path / "digits.npz"
    np.savez(path, x_train=data.train, y_train=data.train_labels, x_test=data.test, y_test=data.test_labels)
    return path


@check("killed at every moment of an epoch is in every run")
def test_killed_and_resumed_nothing_is_lost(tmp_path, digits):
    """Killed without warning after the second epoch was logged, resumed, killed again, resumed to the end."""
    options = ("--data", str(digits), *SMALL[:-1], "40", "--batch", "8")
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


# Runs sc-hw with one function of os replaced: after so many calls of it, the process kills itself in the next.
FATAL = """
import os, signal, sys
name, left = sys.argv.pop(1), int(sys.argv.pop(1))
real = getattr(os, name)

def fatal(*arguments, **named):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)

setattr(os, name, fatal)
from sc_hw.start import main
main()
"""


def test_killed_at_every_moment_of_an_epoch_nothing_is_lost(tmp_path, digits):
    """A row is written, then on the disk; a checkpoint is written, on the disk, in its place, its name on the disk."""
    options = ("--data", str(digits), *SMALL)
    assert sc_hw(*options, "-o", tmp_path / "whole").exit_code == 0
    folder = tmp_path / "killed"
    moments = [("rename", 0), *(("fsync", calls) for calls in range(5)), ("replace", 0), ("replace", 1)]
    for name, calls in moments:
        resume = ["--resume"] if folder.exists() else []
        command = [sys.executable, "-c", FATAL, name, str(calls), "train", *options, "-o", str(folder), *resume]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL, (name, calls, done.stderr)
        assert not (folder / "train.json").exists()
    assert any(path.name.startswith(".checkpoint.npz.") for path in folder.iterdir())  # killed while writing it
    assert sc_hw(*options, "-o", folder, "--resume").exit_code == 0
    assert contents(folder) == contents(tmp_path / "whole")
    assert sorted(path.name for path in folder.iterdir()) == sorted((*FILES, "checkpoint.npz"))


@pytest.mark.parametrize("method", ["replay", "joint", "lwf", "mas"])
def test_every_method_is_resumed_to_the_same_bytes(tmp_path, method):
    """Stopped by an exception in each epoch in turn of the second and third task."""
    options = ("--protocol", "split-class", "--tasks", 5, "--epochs", 2, "--hidden", 8, "--method", method)
    assert sc_hw(*options, "-o", tmp_path / "whole").exit_code == 0
    folder = tmp_path / "stopped"

    class Stop(TrainingCallback):
        def log(self, metrics, step):
            if step in (3, 4, 7) and step not in stopped:
                stopped.append(step)
                raise KeyboardInterrupt

    stopped = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("sc_hw.train.command"), "_boards", lambda board, output: [Stop()])
        for resume in ((), ("--resume",), ("--resume",), ("--resume",)):
            done = sc_hw(*options, *resume, "-o", folder)
    assert stopped == [3, 4, 7]
    assert done.exit_code == 0
    assert contents(folder) == contents(tmp_path / "whole")


class Writer:
    """What ``SummaryWriter`` and ``wandb.init`` are asked, by run."""

    def __init__(self, **asked):
        self.asked, self.steps, self.flushed = asked, [], []

    def add_scalar(self, name, value, step):
        assert isinstance(value, int | float)
        if name == "loss":
            self.steps.append(step)

    def log(self, values, step):
        self.add_scalar("loss", values["loss"], step)

    def flush(self):
        self.flushed.append(self.steps[-1])

    def close(self):
        pass

    finish = close


def test_a_resumed_run_goes_on_where_it_stopped_on_every_board(tmp_path, monkeypatch):
    """Stopped by an exception after the second epoch of six: boards go on at step 2, or are told what to overwrite."""
    made = []

    def make(log_dir=None, **asked):
        made.append(Writer(log_dir=log_dir, **asked))
        return made[-1]

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=make))
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=make))
    for board in ("tensorboard", "wandb"):
        folder, genuine = tmp_path / board, Writer.add_scalar

        def stopped(self, name, value, step, genuine=genuine):
            genuine(self, name, value, step)
            if name == "loss" and step == 2:
                raise KeyboardInterrupt

        made.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "add_scalar", stopped)
            sc_hw(*SMALL, "--log", board, "-o", folder)
        assert sc_hw(*SMALL, "--log", board, "--resume", "-o", folder).exit_code == 0
        assert [run.steps for run in made] == [[0, 1, 2], [2, 3, 4, 5]]
        first, second = (run.asked for run in made)
        if board == "tensorboard":
            assert (first["purge_step"], second["purge_step"]) == (0, 2)
            assert [run.flushed for run in made] == [[0, 1], [2, 3, 4, 5]]  # before the checkpoint, so that a kill loses none
        else:
            assert first == second
            assert first["resume"] == "allow"
            sc_hw(*SMALL, "--log", board, "-o", tmp_path / "other")
            assert made[-1].asked["id"] != first["id"]
