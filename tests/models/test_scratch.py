"""What a run leaves about is known, ended and removed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sc_hw_models.scratch import TimeoutExpired, end_processes, partial, run_process, said_by, temporary_folder

# A command that starts another in the background and waits.
FAMILY = ["sh", "-c", "sleep 1000 & echo $!; touch $TMPDIR/of-mine; wait"]


def gone(number: int) -> bool:
    """Whether a process has ended, waiting a second for that."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_a_process_says_what_it_prints():
    done = run_process(["sh", "-c", "cat; echo bad >&2; exit 3"], text="good")
    assert (done.returncode, done.stdout, done.stderr) == (3, "good", "bad\n")
    lines = []
    assert run_process(["sh", "-c", "echo a; echo b >&2"], on_line=lines.append).stdout == ""
    assert sorted(lines) == ["a", "b"]
    assert said_by(["/nonexistent"]) == ""


def test_a_timeout_ends_the_whole_family():
    with pytest.raises(TimeoutExpired) as caught:
        run_process(FAMILY, timeout=0.3)
    assert gone(int(caught.value.stdout))


def test_an_exception_ends_the_whole_family():
    def stop(line):
        seen.append(int(line))
        raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt):
        run_process(FAMILY, on_line=stop)
    assert gone(seen[0])
    end_processes()  # of none


def test_clear_away_ends_and_removes(tmp_path):
    """In a process of its own, from another thread, while the main thread goes on."""
    code = """
import subprocess, sys, threading, time, os
from pathlib import Path
from sc_hw_models.scratch import *
here = Path(sys.argv[1])
def work():
    with partial(here / "empty", here / "full", empty=True), partial(here / "half"), temporary_folder(here) as folder:
        for name in ("empty", "full"): (here / name).mkdir()
        for path in (here / "full/x", here / "half", folder / "y"): path.touch()
        family = "sleep 1000 & echo $!; (setsid sleep 1000 & echo $!; wait); wait"
        run_process(["sh", "-c", family], on_line=lambda n: (print(n, flush=True), seen.append(n)))
seen = []
threading.Thread(target=work, daemon=True).start()
child = subprocess.Popen(["sleep", "1000"])
print(child.pid, flush=True)
for _ in range(200):  # a busy machine takes its time to start them
    if len(seen) == 2:
        break
    time.sleep(0.1)
clear_away()
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=30)
    numbers = [int(line) for line in done.stdout.split()]
    assert len(numbers) == 3
    assert all(map(gone, numbers)), numbers
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "x"]


def test_what_is_finished_stays(tmp_path):
    with partial(tmp_path / "a"):
        (tmp_path / "a").touch()
    with temporary_folder(tmp_path) as folder:
        (folder / "b").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_deep_folder_goes_when_few_files_can_be_open(tmp_path):
    """Removing it as ``shutil`` does keeps a file open for each level."""
    code = (
        "import os, resource, sys\n"
        "from pathlib import Path\n"
        "from sc_hw_models.scratch import temporary_folder\n"
        "with temporary_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / '/'.join('abcdefgh')).mkdir(parents=True)\n"
        "    (folder / 'a/file').write_text('')\n"
        "    (folder / 'a/link').symlink_to('/')\n"
        "    lowest = os.open('/', os.O_RDONLY)\n"
        "    os.close(lowest)\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 2, lowest + 2))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert not list(tmp_path.iterdir())
