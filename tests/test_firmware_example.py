"""The firmware example: on both processors the core ends with the golden model's state; what is missing or wrong is one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from .daily import check

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples/firmware"


def run(*arguments, **more):
    command = [sys.executable, str(EXAMPLE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **more)


def lacking():
    """Return what the example says that it lacks on this machine."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import runpy, sys; print(runpy.run_path(sys.argv[1], run_name='x')['missing']())",
            f"{EXAMPLE}/__main__.py",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@check("builds two processors in Verilator; the driver in C is played through every design in other tests")
def test_both_processors_learn_as_the_golden_model_does(tmp_path):
    if text := lacking():
        pytest.skip(text)
    done = run("--digits", "20", "-o", str(tmp_path / "firmware.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    for cpu in ("picorv32", "serv"):
        assert f"{cpu}: 0 values of the state are not the golden model's" in done.stdout
    page = (tmp_path / "firmware.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith("| picorv32 |"))
    assert row.endswith("| met |")


@check("as the other of this file")
def test_a_weight_that_differs_is_found(tmp_path):
    """The golden model is told another reward than the firmware."""
    if text := lacking():
        pytest.skip(text)
    folder = tmp_path / "firmware"
    folder.mkdir()
    for path in EXAMPLE.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    text = (folder / "firmware.c").read_text()
    assert "patiently(0, 0, REWARD)" in text
    (folder / "firmware.c").write_text(
        text.replace("at_once(&burst, digit, 0, REWARD)", "at_once(&burst, digit, 0, REWARD - 1u)")
    )
    done = subprocess.run(
        [sys.executable, str(folder), "--digits", "1", "--cpu", "picorv32"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "picorv32: 0 values" not in done.stdout


@pytest.mark.parametrize(("arguments", "told"), [(("--digits", "0"), "allowed are 1 to 1,000"), (("--cpu", "z80"), "picorv32")])
def test_what_cannot_be_is_one_line(arguments, told):
    done = run(*arguments)
    assert done.returncode == 2
    assert told in done.stderr.splitlines()[-1]


def test_a_machine_without_the_compiler_is_told_what_to_install(tmp_path):
    done = run("--digits", "1", env={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == (
        "firmware: riscv64-unknown-elf-gcc: not found; apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf\n"
    )
