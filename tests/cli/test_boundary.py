"""Every failure leaves by one place: its kind decides the status, and it is one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from sc_hw import interrupt
from sc_hw.boundary import run
from sc_hw.errors import CheckError, UserError, one_line
from sc_hw_models.compiled import CompileError
from sc_hw_models.rule import ConfigError


def raised(error):
    def verb():
        raise error

    return verb


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (UserError("--x 3: allowed are 1..2"), 2, "sc-hw: --x 3: allowed are 1..2"),
        (ConfigError("bits=3"), 2, "sc-hw: bits=3"),
        (click.UsageError("no such option"), 2, "no such option (see sc-hw --help)"),
        (PermissionError(13, "Permission denied", "/a/b"), 2, "sc-hw: /a/b: Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (MemoryError(), 2, "not enough memory"),
        (ImportError("libx.so: cannot map", name="numpy"), 2, "this installation lacks something (libx.so"),
        (RuntimeError("can't start new thread"), 2, "ulimit"),
        (CheckError("the log is x.log\nmany\nlast words"), 1, "sc-hw: the log is x.log: last words"),
        (CompileError("g++ step.c: exit status 1: "), 1, "sc-hw: g++ step.c: exit status 1"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (UserError("a\nb\x1b[31m\udcff" + "x" * 9000), 2, "a b\\x1b[31m\\udcff"),
        (RuntimeError("boom"), 70, "a defect of sc-hw, RuntimeError: boom at test_boundary.py"),
        (RecursionError("deep"), 70, "a defect of sc-hw"),
        (ImportError("no module", name="sc_hw.gone"), 70, "a defect of sc-hw"),
        (KeyError("x"), 70, "please report it"),
    ],
    ids=str,
)
def test_a_failure_is_one_line_and_the_status_of_its_kind(capsys, monkeypatch, tmp_path, error, status, words):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("SC_HW_TRACEBACK")
    assert run(raised(error)) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 1
    assert len(err) < 2100
    kept = list(tmp_path.iterdir())
    assert bool(kept) == (status == 70)
    assert all("Traceback" in path.read_text() for path in kept)


def test_the_traceback_of_a_defect_is_shown_when_asked_for(capsys, monkeypatch, tmp_path):
    """As all tests do: none leaves a file in the temporary folder of the machine."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(raised(RuntimeError("boom"))) == 70
    assert "Traceback" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_a_verb_returns_or_leaves_with_is_the_status():
    assert [run(lambda value=value: value) for value in (None, 0, 1)] == [0, 0, 1]
    assert run(raised(SystemExit(1))) == 1


def test_one_line_keeps_both_ends():
    assert one_line("a\n b\t c") == "a b c"
    assert one_line("x" * 5000 + "end").endswith("end")


PROGRAM = f"{sys.executable} -m sc_hw"


def shell(line, folder, **environment):
    """Run a line of Bash in a folder; return status and standard error."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("{} rules >/dev/full", 2, "standard output: cannot be written (No space left"),
        ("{} rules >&-", 2, "standard output: is closed"),
        ("{} rules >&- 2>&-", 2, ""),
        ("{} rules 2>&- <&-", 0, ""),
        ("{} bogus 2>/dev/full", 2, ""),
        ("{}", 2, "sc-hw: no verb given; allowed are absorb, accuracy, "),
        ("{} rule", 2, "sc-hw rule: no verb given; allowed are check, new (see sc-hw rule --help)"),
        ("{} rules | true", 2, "standard output: cannot be written (Broken pipe)"),
        ("mkdir x; cd x; rmdir ../x; {} emit -n 4 -o y", 2, "the working directory is gone"),
        ("{} emit -n 4 -o $(printf 'a%.0s' {{1..300}})", 2, "File name too long"),
        ("ulimit -v 200000; {} rules", 2, "ulimit -v"),
        ("ulimit -n 5; {} rules", 2, "ulimit -n"),
        ("ulimit -f 1; {} emit -n 64 -o y", 2, "File too large"),
        ("ulimit -n 6; {} emit -n 64 --generator amaranth -o y", 2, "Too many open files"),
        ("{} emit -n 4 -o $'\\xff' --rule $'\\xfe'", 2, "\\udcfe"),
        ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {} rules --é", 2, "No such option"),
        ("TMPDIR=/nonexistent HOME=/nonexistent {} rules", 0, ""),
    ],
)
def test_what_the_machine_lacks_is_one_line(tmp_path, line, status, words):
    found, error = shell(line.format(PROGRAM), tmp_path)
    assert found == status, error
    assert words in error
    assert len(error.splitlines()) <= 1, error
    assert not [path for path in tmp_path.rglob("*") if path.name != "x"]


@pytest.mark.parametrize("cache", ["/proc/no-such-place", "file/below"])
def test_a_cache_that_cannot_be_written_is_named(sc_hw, tmp_path, monkeypatch, make_core, cache):
    core = make_core(synapses=3, name="uncached")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SC_HW_CACHE", cache)
    status, _, err = sc_hw("sim", core.folder, "--steps", 1)
    assert status == 2
    assert cache in err
    assert "SC_HW_CACHE" in err


def test_names_that_are_no_text_are_written_and_shown_escaped(tmp_path):
    status, error = shell(f"{PROGRAM} emit -n 4 --generator verilog -o $'\\xff' && {PROGRAM} report $'\\xff'", tmp_path)
    assert (status, error) == (1, "")  # nothing has been run, which the report says
    assert os.path.isfile(os.fsencode(tmp_path) + b"/\xff/results/report.html")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_a_signal_ends_it_while_it_still_imports(tmp_path, number, delay):
    """The verb takes seconds to import; the signal comes when the first module of ours has been read."""
    code = "import sc_hw.start, os, sys; os.write(1, b'.'); sys.argv = ['sc-hw', 'explore', '-o', 'x']; sc_hw.start.main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    running.stdout.read(1)
    time.sleep(delay)
    running.send_signal(number)
    _, error = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


_AT_A_LINE = """
import os, sys, time
import sc_hw.start
from sc_hw import interrupt

lines = iter(range({line} + 1))

def at(frame, event, _):
    if frame.f_code is not interrupt.watch_signals.__code__:
        return None
    if event == "line" and next(lines, None) == {line}:
        os.kill(os.getpid(), {number})
    return at

sys.settrace(at)
interrupt.watch_signals()
sys.settrace(None)
time.sleep(20)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_signal_is_lost_while_the_watch_begins(number):
    """The signal comes at each line of the function that takes the signals over."""
    lines = {line for _, _, line in interrupt.watch_signals.__code__.co_lines() if line is not None}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _AT_A_LINE.format(line=line, number=int(number))],
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a job in the background ignores SIGINT
        )
        for line in range(len(lines) - 1)  # the line of def is none
    ]
    assert {running.wait(30) for running in runs} == {128 + number}


def test_an_ignored_signal_stays_ignored(tmp_path):
    running = subprocess.Popen(
        [sys.executable, "-m", "sc_hw", "rules"],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    running.send_signal(signal.SIGHUP)
    assert b"r_stdp" in running.communicate(timeout=30)[0]
    assert running.returncode == 0


def test_processes_and_temporary_folders_are_made_in_one_place():
    """Elsewhere an interruption would leave them."""
    for room in ("sc_hw", "models"):
        for path in (Path(__file__).parents[2] / room).rglob("*.py"):
            text = path.read_text()
            if path.name != "scratch.py":
                assert "subprocess" not in text or path.name in ("planter.py",), path
                assert "TemporaryDirectory" not in text, path
                assert "mkdtemp" not in text, path


def test_the_package_imports_nothing_so_that_signals_are_ours_at_once():
    """Until ``sc_hw.start`` runs a signal is Python's to tell, as a traceback; the package is imported before it."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules); import sc_hw; print(*set(sys.modules) - before)"
    )
    place = str(Path(interrupt.__file__).parents[1])
    told = subprocess.run([sys.executable, "-I", "-S", "-c", code, place], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["sc_hw"]
