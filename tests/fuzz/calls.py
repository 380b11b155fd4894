"""Random calls of every verb with files of every kind: no traceback, no undocumented status, no file left.

Most run in this process, with tools that fail at once; what is asked is whether each failure is told as its kind. What may
take as long as the numbers say that it is given runs in a copy of this process, and is ended when it takes long.
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import numpy as np

from sc_hw.cli import app

from . import files
from .ways import LONG, PROGRAM, in_a_copy, in_its_own, in_this_process

__all__ = ["Fuzz"]

STATUSES = {0, 1, 2}
_GROWS = {"train", "fit", "import", "accuracy", "explore", "estimate"}
_NUMBERS = ("8", "0", "-1", "1", "x", "", "1e3", "9" * 30, "16777217", "nan", "é", "\udcff", "2", "3")
_WORDS = (
    "default",
    "narrow8",
    "all",
    "nope",
    "",
    "a;b",
    "$(id)",
    "é",
    "../x",
    "a\nb",
    "x" * 300,
    "core",
    "lane",
    "amaranth",
    "verilog",
    "r_stdp",
    "three_factor",
    "stp",
    "ewc",
    "sgd",
    "split",
    "yices",
    "ecp5-25k",
    "shift",
    "single",
)
_PATHS = (
    "config",
    "initial",
    "derived",
    "weights",
    "importance",
    "stimulus",
    "folder",
    "folders",
    "counterexample",
    "data",
    "network",
)
_GOOD = {
    "output": "new",
    "json_path": "record.json",
    "synapses": "8",
    "config": "c.toml",
    "initial": "i.csv",
    "derived": "derived",
    "layer": "fc1",
    "rule": "r_stdp",
    "generator": "verilog",
    "preset": "default",
    "presets": "default",
    "presynaptic": "stp",
    "settings": "learning_shift=6",
    "neurons": "2",
    "neuron_settings": "recovery_shift=6",
    "pre": "2",
    "post": "4",
    "spikes": "bits",
    "results": "stall",
    "name": "dut",
    "data": "d.npz",
    "protocol": "split",
    "tasks": "5",
    "hidden": "2",
    "method": "ewc",
    "optimiser": "sgd",
    "board": "none",
    "kind": "fusesoc",
    "weights": "w.npz",
    "importance": "f.npz",
    "stimulus": "s.npz",
    "derive rule": "three_factor",
    "consolidation": "shift",
    "scale": "0.01",
    "target": "ecp5-25k",
    "module": "core",
    "network": "n.toml",
    "fit settings": "sample.timesteps=8",
    "held_out": "20",
    "solvers": "yices",
    "parts": "lane",
    "vary": "weight_bits=4,8",
    "variants": "a:",
    "timeout": "60",
}
_SETTINGS = (
    "weight_bits=8",
    "weight_bits=0",
    "bogus=1",
    "learning_shift=6",
    "rounding=nearest",
    "=",
    "x",
    "weight_bits=" + "9" * 400,
    "lanes=1,2",
    "synapses=8",
    "weight_bits=4,8",
    "a=\n",
)
_EMITTED = (
    "emit -n 8 -o core",
    "emit --pre 2 --post 4 -o bar",
    "emit --presynaptic stp --neurons 2 -n 8 --rule three_factor -o layer",
    "derive w.npz --importance f.npz -o derived",
    "train --data d.npz --epochs 1 --tasks 5 -o trained --batch 4 --hidden 2",
)


class Fuzz:
    """A folder with a good file of each kind, and calls drawn from a seed; ``counts`` has how many ended with each status."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.draw, self.counts, self.faults = folder, random.Random(seed), Counter[str](), list[str]()
        self.slowest, self.arguments = 0.0, list[str]()
        g = np.random.default_rng(1)
        with contextlib.chdir(folder):
            np.savez("w.npz", fc1=g.normal(0, 0.3, (2, 4)))
            np.savez("f.npz", fc1=g.lognormal(-6, 3, (2, 4)))
            np.savez(
                "d.npz",
                x_train=g.random((20, 3)),
                y_train=np.arange(20) % 10,
                x_test=g.random((20, 3)),
                y_test=np.arange(20) % 10,
            )
            np.savez("s.npz", pre_spike=np.zeros((3, 8), int), post_spike=np.zeros((3, 8), int), reward=np.zeros(3, int))
            Path("c.toml").write_text("weight_bits = 8\n")
            Path("n.toml").write_text(
                '[population.a]\nsize = 3\nrule = "input"\n[population.b]\nsize = 10\nrule = "readout"\n'
                '[projection.c]\nfrom = "a"\nto = "b"\nrule = "three_factor"\n'
            )
            Path("i.csv").write_text("weight\n" + "1\n" * 8)
            for line in _EMITTED:
                command = line.split() + (["--generator", "verilog"] if line.startswith("emit") else [])
                done = subprocess.run([*PROGRAM, *command], capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
        self.good = {path.name for path in folder.iterdir()}

    def path(self) -> str:
        """Return a path: of something good, of something made for this call, or of nothing."""
        draw = self.draw
        kind = draw.randrange(12)
        if kind < 3:
            return draw.choice(sorted(self.good))
        name = draw.choice(["made", "made é", "made\udcff", "made.d", "m" * 200])
        name += draw.choice([".npz", ".csv", ".toml", ".json", ".npy", ""])
        path = self.folder / name
        if os.path.lexists(path):
            return name
        if kind in (3, 4):
            path.write_bytes(files.npz(draw))
        elif kind == 5:
            path.write_bytes(files.toml(draw))
        elif kind == 6:
            path.write_bytes(files.table(draw))
        elif kind == 7:
            with contextlib.suppress(OSError):
                path.write_bytes(files.npy(draw, files.array(draw)))
        elif kind == 8:
            files.special(draw, path)
        elif kind in (9, 10):
            self._spoiled(path)
        else:
            return draw.choice(
                ["nowhere", "no/where", "x" * 300, "", ".", "..", "/", "core/manifest.json", "/proc/self/mem", "-"]
            )
        return name

    def _spoiled(self, path: Path) -> None:
        """Put a copy of a good folder or archive at a path, with a file of it spoiled."""
        source = self.folder / self.draw.choice(["core", "bar", "layer", "derived", "trained", "w.npz", "d.npz", "s.npz"])
        if source.is_file():
            path.write_bytes(files.damaged(self.draw, source.read_bytes()))
            return
        shutil.copytree(source, path)
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        records = [p for p in inside if p.suffix == ".json"]
        spoiled = self.draw.choice(records or inside) if self.draw.random() < 0.7 else self.draw.choice(inside)
        if spoiled.suffix == ".json":
            spoiled.write_bytes(files.document(self.draw, json.loads(spoiled.read_text())))
        elif self.draw.random() < 0.3:
            spoiled.unlink()
            files.special(self.draw, spoiled)
        else:
            spoiled.write_bytes(files.damaged(self.draw, spoiled.read_bytes()))

    def call(self) -> list[str]:
        """Return the arguments of a call, and make the files it names; mostly one or two of them are bad."""
        verb = self.draw.choice(sorted(app.commands))
        parameters = list(app.commands[verb].params)
        bad = {p.name for p in self.draw.sample(parameters, min(len(parameters), self.draw.choice([0, 1, 1, 1, 2, 2, 9])))}
        arguments: list[str] = []
        for parameter in parameters:
            name, is_option = parameter.name or "", parameter.param_type_name == "option"
            needed = parameter.required or (not is_option and name != "counterexample") or (verb, name) == ("emit", "synapses")
            if self.draw.random() > (0.97 if needed or name in bad else 0.1):
                continue
            arguments += [self.draw.choice(parameter.opts)] if is_option else []
            if not getattr(parameter, "is_flag", False):
                arguments.append(self._bad(name) if name in bad else self._good(verb, name))
        if self.draw.random() < 0.02:
            arguments.insert(self.draw.randrange(len(arguments) + 1), self.draw.choice(_WORDS))
        if verb == "emit":
            arguments += ["--generator", "verilog"]
        if verb == "train":
            arguments += ["--epochs", "1", "--batch", "8"]
        return [verb, *arguments]

    def _good(self, verb: str, name: str) -> str:
        """Return a value that may be right."""
        if name in ("folder", "folders"):
            return self.draw.choice(["core", "core", "bar", "layer"])
        return _GOOD.get(f"{verb} {name}") or _GOOD.get(name, "1")

    def _bad(self, name: str) -> str:
        draw = self.draw
        if name in ("output", "json_path"):
            return draw.choice(["new", "new/er", self.path(), "core", "trained", "no/where/x", ".", "..", "/", "-", "x" * 300])
        if name in _PATHS:
            return self.path()
        if name in ("settings", "neuron_settings", "vary", "variants"):
            return draw.choice(_SETTINGS)
        if name == "scheduler":
            return "nonsense"
        return draw.choice(_NUMBERS if draw.random() < 0.6 else _WORDS)

    def once(self, *, here: bool = True) -> None:
        """Make one call, in this process or in one of its own, and note what is wrong with how it ends."""
        arguments = self.arguments = self.call()
        before = self.listing()
        started = time.monotonic()
        if here:
            status, err = (in_a_copy if arguments[0] in _GROWS else in_this_process)(arguments, self.folder)
        else:
            status, err = in_its_own(arguments, self.folder)
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.counts[f"{arguments[0]} {status}"] += 1
        wrong = []
        if status not in (*STATUSES, LONG):
            wrong.append("an undocumented status")
        if "Traceback" in err or "defect" in err:
            wrong.append("a defect")
        told = [line for line in err.splitlines() if line.startswith("sc-hw")]  # the others say how far a verb is
        if status == 2 and (len(told) != 1 or not err.endswith(f"{told[0]}\n")):
            wrong.append(f"{len(told)} lines")
        after = self.listing()
        left = {path for path in after if after[path] != before.get(path)} | (before.keys() - after.keys())
        killed = here and status == LONG
        if (left and status == 2) or (any(".sc-hw-" in path for path in after) and not killed):
            wrong.append(f"left or changed {sorted(left)[:3]}")
        if wrong:
            self.faults.append(f"{', '.join(wrong)}: status {status} of sc-hw {arguments!r}: {err.strip()[-600:]}")
        self._tidy()

    def listing(self) -> dict[str, tuple[int, int, int]]:
        """Return every path below the folder with its kind, size and time of change."""
        found = {}
        for place, folders, names in os.walk(self.folder):
            for name in (*folders, *names):
                state = os.lstat(os.path.join(place, name))
                is_folder = name in folders
                found[os.path.join(place, name)] = (
                    state.st_mode,
                    0 if is_folder else state.st_size,
                    0 if is_folder else state.st_mtime_ns,
                )
        return found

    def _tidy(self) -> None:
        """Remove all but the good files, and what was added to those."""
        for path in self.folder.iterdir():
            if path.name not in self.good:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            elif path.is_dir():
                shutil.rmtree(path / "results", ignore_errors=True)
