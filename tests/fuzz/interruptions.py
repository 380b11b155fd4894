"""Signals at random moments of the verbs that take long: nothing half done stays, and a repeated run ends as one left alone."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tests.daily import share_compiled

__all__ = ["VERBS", "Interruptions"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MARK = "SC_HW_INTERRUPTED_BY"
_SECONDS = 3.0
_BEGINS = 0.5  # seconds in which Python itself may not have begun on a busy machine: a signal ends it then as any process
_NETWORK = Path(__file__).parents[2] / "examples" / "networks" / "digits.toml"
# What is called and the folder that it makes.
VERBS = {
    "emit": ("emit --pre 8 --post 8 -o new/core", "new/core"),
    "sim": ("sim core --steps 200", "core/results"),
    "synth": ("synth core --target ice40-hx8k", "core/results"),
    "explore": ("explore --vary weight_bits=4 --vary synapses=8 --stimuli 1 -o new/explored", "new/explored"),
    "fit": (f"fit {_NETWORK} --data d.npz --passes 60 -o new/fitted", "new/fitted"),
    "train": ("train --data d.npz --epochs 40 --tasks 2 -o new/trained", "new/trained"),
}
# With the date, seconds or a waveform's path in them.
_VARIES = {"explore.json", "measurements.sqlite", "sim.json", "synth.json", "sim.log", "outcome.json", "plan.json", "results.xml"}


def _write_data(path: Path) -> None:
    """Write samples of 64 bytes in ten classes, a noisy pattern each: they need no library, which takes a second to import."""
    g = np.random.default_rng(1)
    patterns = g.integers(0, 256, (10, 64))
    classes = {part: np.arange(count) % 10 for part, count in (("train", 300), ("test", 100))}
    noisy = {part: np.clip(patterns[y] + g.normal(0, 40, (len(y), 64)), 0, 255).astype(np.uint8) for part, y in classes.items()}
    np.savez(path, **{f"x_{part}": x for part, x in noisy.items()}, **{f"y_{part}": y for part, y in classes.items()})


class Interruptions:
    """Runs of some verbs in a folder, interrupted at moments drawn from a seed; ``faults`` says what was wrong after which."""

    def __init__(self, folder: Path, seed: int, verbs: tuple[str, ...] = tuple(VERBS)) -> None:
        self.folder, self.draw, self.verbs = folder, random.Random(seed), verbs
        self.mark, self.faults, self.counts, self.slowest = f"{os.getpid()}-{seed}", list[str](), Counter[str](), 0.0
        (folder / "tmp").mkdir()
        share_compiled(folder / "cache")
        _write_data(folder / "d.npz")
        self.run("emit -n 4 --set weight_bits=6 --set trace_bits=6 -o core", check=True)
        self.whole: dict[str, dict[str, bytes]] = {}
        self.seconds: dict[str, float] = {}
        for verb in verbs:
            command, made = VERBS[verb]
            for again in ("", " again"):  # sim has its simulator then
                started = time.monotonic()
                self.run(command, check=True)
                self.seconds[verb + again] = time.monotonic() - started
                self.whole[verb] = self.contents(made)
                self.clear()
                if verb != "sim":
                    break

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start sc-hw in the folder, in a session of its own, with a cache and a place for temporary files of its own."""
        variables = {_MARK: self.mark, "SC_HW_CACHE": str(self.folder / "cache"), "TMPDIR": str(self.folder / "tmp")}
        program = [sys.executable, "-m", "sc_hw", *command.split()]
        return subprocess.Popen(
            program,
            cwd=self.folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in _SIGNALS],
        )

    def run(self, command: str, *, check: bool = False) -> tuple[int, str]:
        """Run sc-hw to its end; return status and standard error."""
        running = self.start(command)
        _, error = running.communicate(timeout=600)
        assert not check or running.returncode == 0, (command, error)
        return running.returncode, error

    def contents(self, made: str) -> dict[str, bytes]:
        """Return the files that a run made, but for those that differ from run to run."""
        found = (path for path in (self.folder / made).rglob("*") if path.is_file() and path.name not in _VARIES)
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}

    def clear(self) -> None:
        """Remove what runs made."""
        for made in ("new", "core/results"):
            shutil.rmtree(self.folder / made, ignore_errors=True)

    def once(self, *, again: bool = True) -> None:
        """Interrupt one run, see what it leaves, and, if ``again``, repeat it and compare."""
        verb, number = self.draw.choice(self.verbs), self.draw.choice(_SIGNALS)
        command, made = VERBS[verb]
        anew = verb == "sim" and self.draw.random() < 0.3
        if anew:
            shutil.rmtree(self.folder / "cache" / "sim", ignore_errors=True)  # else its build would be interrupted once only
        delay = self.draw.uniform(0.05, self.seconds[verb if anew else f"{verb} again" if verb == "sim" else verb])
        running = self.start(command)
        time.sleep(delay)
        early = delay < _BEGINS and not _caught(running.pid, number)
        running.send_signal(number)
        started = time.monotonic()
        _, error = running.communicate(timeout=60)
        took = time.monotonic() - started
        finished = running.returncode == 0
        self.counts[f"{verb} {running.returncode}"] += 1
        wrong = []
        if not finished:
            self.slowest = max(self.slowest, took)
        if running.returncode not in (0, 128 + number) and not (early and running.returncode == -number):
            wrong.append(f"status {running.returncode}")
        if not finished and took > _SECONDS:
            wrong.append(f"{took:.1f} s until it ended")
        if "Traceback" in error:
            wrong.append("a traceback")
        wrong += [f"an orphan: {orphan}" for orphan in self._orphans()]
        wrong += [f"left {path}" for path in self.folder.rglob("*") if path.name.startswith((".sc-hw", "sc-hw-"))]
        wrong += [f"left {path}" for path in (self.folder / "tmp").iterdir()]
        exists = (self.folder / made).exists()
        if exists and verb in ("emit", "sim", "synth") and self.contents(made) != self.whole[verb]:
            wrong.append(f"a half folder: {sorted(self.contents(made))}")
        if again and not wrong:
            if exists and verb == "emit":
                self.clear()
            status, told = self.run(command + (" --resume" if exists and verb in ("explore", "fit", "train") else ""))
            if status or self.contents(made) != self.whole[verb]:
                wrong.append(f"repeated, it ends differently: status {status}, {told[-300:]}")
        if wrong:
            self.faults.append(
                f"{', '.join(wrong)}: {number.name} after {delay:.3f} s of sc-hw {command}: {error.strip()[-500:]}"
            )
            shutil.rmtree(self.folder / "tmp")
            (self.folder / "tmp").mkdir()
        self.clear()

    def _orphans(self) -> list[str]:
        """Return the commands of the processes that are left of a run; they are ended."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                marked = entry.name.isdigit() and f"{_MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0")
                if marked and (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    found.append((entry / "cmdline").read_text().replace("\0", " ").strip()[:100])
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue  # it has ended
        return found


def _caught(pid: int, number: int) -> bool:
    """Return whether a process has a handler for a signal; one that has ended needs none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    return any(line.startswith("SigCgt:") and int(line.split()[1], 16) >> (number - 1) & 1 for line in lines)
