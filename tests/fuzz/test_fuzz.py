"""A slice of ``make fuzz``: the seed is in the test's name, so a failure can be repeated."""

import os
import subprocess
import time
from importlib import import_module
from pathlib import Path

import pytest

from tests.daily import check

from . import ways
from .calls import Fuzz
from .interruptions import Interruptions

SEED = int(os.environ.get("SC_HW_FUZZ_SEED") or time.time())


@pytest.mark.filterwarnings("ignore")  # of NumPy, about numbers drawn to be strange
def test_calls(tmp_path):
    print(f"SC_HW_FUZZ_SEED={SEED}")
    fuzz = Fuzz(tmp_path, SEED)
    for _ in range(60):
        fuzz.once()
    assert not fuzz.faults


def test_interruptions(tmp_path):
    print(f"SC_HW_FUZZ_SEED={SEED}")
    runs = Interruptions(tmp_path, SEED, ("emit",))
    for number in range(3):
        runs.once(again=number == 0)
    assert not runs.faults


@check("that its calls and interruptions find nothing is in every run")
def test_the_fuzzer_sees_what_is_wrong(tmp_path, monkeypatch):
    """A defect, an undocumented status, a second line and a file that is left, planted in a verb."""
    fuzz = Fuzz(tmp_path, 1)
    monkeypatch.setattr(fuzz, "call", lambda: ["rules"])

    def planted(how):
        def rules_text():
            return how() or ""

        monkeypatch.setattr(import_module("sc_hw.rule.listing"), "rules_text", rules_text)
        fuzz.faults.clear()
        fuzz.once()
        return fuzz.faults

    def left():
        from sc_hw.errors import UserError

        (tmp_path / "left").touch()
        raise UserError("no")

    assert not planted(lambda: "")
    assert "a defect" in planted(lambda: {}["x"])[0]
    assert "an undocumented status" in planted(lambda: exit(3))[0]
    assert "left or changed" in planted(left)[0]


def test_orphans_are_seen(tmp_path):
    runs = Interruptions.__new__(Interruptions)
    runs.mark = f"test-{os.getpid()}"
    with subprocess.Popen(["sleep", "1000"], env={**os.environ, "SC_HW_INTERRUPTED_BY": runs.mark}) as left:
        try:
            while b"sleep" not in Path(f"/proc/{left.pid}/cmdline").read_bytes():
                time.sleep(0.01)  # it has begun, and its name and environment are not there yet
            assert runs._orphans() == ["sleep 1000"]
        finally:
            left.kill()
    assert runs._orphans() == []


def test_what_takes_long_is_ended(tmp_path, monkeypatch):
    """A fork that dies by itself is a fault; one that goes on is ended, with all that it was given to do."""
    monkeypatch.setattr(ways, "_PATIENCE", 0.5)
    for verb, ended in ((lambda *_: time.sleep(60), ways.LONG), (lambda *_: os._exit(3), -1)):
        monkeypatch.setattr(ways, "in_this_process", verb)
        assert ways.in_a_copy(["train"], tmp_path)[0] == ended
    monkeypatch.setattr(ways, "PROGRAM", ["sleep", "60"])
    assert ways.in_its_own([], tmp_path)[0] == -15  # of a program that does not say how it was ended
