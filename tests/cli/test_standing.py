"""A standard output that takes nothing: known before, nothing is done; found out later, what is written stands and is named."""

import io
import json
import os
import sys
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pytest

from sc_hw.accuracy.command import Variant
from sc_hw.api.call import verbs
from sc_hw.errors import CheckError
from sc_hw.explore import command as explore
from sc_hw.outlet import _Guarded
from tests.daily import few

TOLD = ("--json", "told.json")
OUT = ("-o", "new", *TOLD)
VERBS = {
    "emit": ("-n", 8, "-o", "new"),
    "files": ("core",),
    "train": ("--data", "d.npz", "--epochs", 1, "--tasks", 5, "--hidden", 2, "--batch", 4, *OUT),
    "fit": ("n.toml", "--data", "digits", "--passes", 1, *OUT),
    "derive": ("w.npz", "--importance", "f.npz", *OUT),
    "import": ("dense.npz", "--timesteps", 8, "--threshold", 2, "--axes", "pre,post", "--samples", 2, *OUT),
    "sim": ("core", "--steps", 1, *TOLD),
    "estimate": ("core", *TOLD),
    "synth": ("core", "--target", "ice40-hx8k", *TOLD),
    "pnr": ("core", "--target", "ice40-hx8k", "--seeds", 1, *TOLD),
    "absorb": ("own.json", "-o", "new", *TOLD),
    "explore": ("--vary", "synapses=4", "--stimuli", 1, *OUT),
    "prove": ("core", "--part", "lane", "--solver", "yices", *TOLD),
    "selftest": ("core", "--steps", 1, "--instances", 0, *TOLD),
    "mutate": ("core", "--count", 1, *TOLD),
    "report": ("core", *TOLD),
    "accuracy": ("core", *TOLD),
    "rule new": ("mine", "-o", "new.py"),
    "rule check": ("mine.py",),
    "rules": (),
    "vectors": ("core", "--steps", 1, "-o", "new"),
    "board": ("core", "--virtual", "--seconds", 1, *TOLD),
    "monitor": ("core", "--steps", 1, *TOLD),
    "package": ("core", "--format", "fusesoc", "-o", "new"),
    "doctor": TOLD,
}
TOOLS = ("fit", "sim", "synth", "pnr", "prove", "selftest", "mutate", "board", "monitor")
"""Verbs that simulate, prove or place, for seconds and more."""
OTHERS = {"replay"}
"""Needs a counterexample; it publishes as those do."""
SILENT = {"files", "fit", "rule check", "rules", "monitor"}
"""Verbs that write nothing, or say something before they do."""


@pytest.fixture
def things(tmp_path, monkeypatch, sc_hw):
    """What the verbs are given."""
    monkeypatch.chdir(tmp_path)
    assert sc_hw("emit", "-n", 4, "--bus", "apb", "-o", "core")[0] == 0
    assert sc_hw("rule", "new", "mine")[0] == 0
    g = np.random.default_rng(1)
    np.savez("w.npz", fc1=g.normal(0, 0.3, (2, 4)))
    np.savez("dense.npz", **{"0.weight": g.normal(0, 0.3, (4, 3))})
    np.savez("f.npz", fc1=g.lognormal(-6, 3, (2, 4)))
    x, y = g.random((20, 3)), np.arange(20) % 10
    np.savez("d.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    Path("n.toml").write_text(
        '[population.a]\nsize = 64\nrule = "input"\n[population.b]\nsize = 10\nrule = "readout"\n'
        '[projection.c]\nfrom = "a"\nto = "b"\nrule = "three_factor"\n'
    )
    ports = {"R": {"direction": "input", "bits": [2]}}
    cell = {"type": "DP16KD", "parameters": {}, "port_directions": {}, "connections": {}}
    Path("own.json").write_text(json.dumps({"modules": {"own": {"ports": ports, "cells": {"m": cell}, "netnames": {}}}}))

    def measured(_rule, configs, **_options):
        runs = ({"weight_rms": 0.1, "weight_max": 0.2},)
        return [Variant(name=name, config=config, runs=runs) for name, config in configs.items()]

    monkeypatch.setattr(sys.modules["sc_hw.accuracy.command"], "measure_accuracy", measured)

    class Failing(Executor):
        def submit(self, *_given, **_named):
            future = Future()
            future.set_exception(CheckError("no memory"))
            return future

    monkeypatch.setattr(explore, "plot_bytes", lambda *_given: b"")
    monkeypatch.setattr(explore, "workers", lambda *_given, **_named: Failing())
    return tmp_path


def listing(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_every_verb_is_there():
    assert {" ".join(words) for words in verbs()} == VERBS.keys() | OTHERS


@pytest.mark.parametrize(
    "verb", few(VERBS, [verb for verb in VERBS if verb not in TOOLS], "tools for seconds; all that they write goes one way")
)
def test_what_is_written_before_it_is_told_stands_and_is_named(things, monkeypatch, sc_hw, verb):
    before = listing(things)
    with open("/dev/full", "wb") as full:
        told = io.TextIOWrapper(io.BufferedWriter(_Guarded(full.fileno(), "w", closefd=False)), "utf-8")
        monkeypatch.setattr(sys, "stdout", told)
        status, _, err = sc_hw(*verb.split(), *VERBS[verb])
    line = err.splitlines()[-1]
    assert status == 2, err
    assert line.startswith("sc-hw: standard output: cannot be written (No space left on device); give it a place to go"), err
    named = line.partition("; written before that: ")[2]
    left = {path for path, when in listing(things).items() if before.get(path) != when}
    assert left == {path for path in left if any(path.is_relative_to(place) for place in named.split(", "))}, line
    assert bool(named) == bool(left) == (verb not in SILENT), line
    if TOLD[0] in VERBS[verb] and named:
        assert json.loads(Path("told.json").read_text())["verb"] == verb


@pytest.mark.parametrize("line", ["{} emit -n 4 -o new >/dev/full", "(sleep 1; {} emit -n 4 -o new) | true"])
def test_what_is_known_before_is_refused_before(things, line):
    from .test_boundary import PROGRAM, shell

    status, err = shell(line.format(PROGRAM), things)
    assert status == 2, err
    assert err.count("\n") == 1
    assert "standard output: cannot be written" in err
    assert "written before" not in err
    assert not os.path.exists("new")


def test_a_record_that_cannot_be_written_names_what_can(things, sc_hw):
    status, _, err = sc_hw("derive", "w.npz", "--importance", "f.npz", "-o", "new", "--json", "/dev/full")
    assert status == 2
    assert err.endswith(f"; written before that: {things / 'new'}\n")
