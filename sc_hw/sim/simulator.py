"""A simulator: the bench around some cores, built with Verilator through cocotb-test and kept by its content."""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from jinja2 import FileSystemLoader, Template

import sc_hw_sim
from sc_hw_models.cache import cache_folder, cache_limit, cached, locked
from sc_hw_models.scratch import run_process, temporary_folder

from ..coverage.moments import moments, watcher
from ..coverage.protocol import monitor, monitored
from ..errors import CheckError, UserError
from ..interrupt import handlers_kept
from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.port import Port
from ..templates import verilog_templates
from ..toolchain import VERILATED_MAKE, ccache, compiler, for_make, make, perl, plain_temporary, verilator, verilator_in

__all__ = [
    "BRIEF",
    "SimulationError",
    "Simulator",
    "alone_if_first",
    "bench_text",
    "ccache_environment",
    "log_tail",
    "run_cocotb",
    "run_program",
]

BRIEF = 200_000  # synapse-steps below which code that is compiled faster, and runs slower, is done earlier

_SIM = Path(sc_hw_sim.__file__).parent
_TOP = "sc_hw_bench"
# Nothing may depend on what a register or memory holds at power-up: Verilator draws it from the run's seed.
_ARGUMENTS = (
    "--no-timing",
    "-Wno-fatal",
    "-Wno-WIDTH",
    "--x-assign",
    "unique",
    "--x-initial",
    "unique",
    "-LDFLAGS",
    "-rdynamic",
    # One file for the compiler, unless a design is ten times as long as what Verilator splits: the parts of a split one all
    # read the same header and its precompiled forms, which takes three times as long as to compile them.
    "--output-split",
    "200000",
    # Only initial contents are filled by loops: to unroll them takes longer than all the rest.
    "--unroll-count",
    "1",
)
_WAVES = ("--trace-vcd", "--trace-structs")
# Instances of a module that is not inlined share one counter, which the others show as 0: everything is inlined.
# The default leaves signals wider than 256 bits out.
_COVERAGE = ("--coverage-line", "--coverage-toggle", "--coverage-user", "--coverage-max-width", "4096", "--flatten")
_MAKE = ("-j2", *VERILATED_MAKE)


# Verilator's own headers take three times as long to read as a small design to compile. They are read once for all builds:
# ccache keeps them as the compiler read them. The compiler takes that only where it means the same, and else reads them.
_COMMON = "sc_hw_common.h"
_HEADERS = {
    _COMMON: '#include "verilated.h"\n#include "verilated_dpi.h"\n',
    "sc_hw.mk": f"""include Vtop.mk

ifeq ($(OPT_FAST),-O0)
Vtop__ALL.o: {_COMMON}.gch
Vtop__ALL.o: private CXXFLAGS += -fpch-preprocess -include {_COMMON}
endif

{_COMMON}.gch: {_COMMON}
	$(OBJCACHE) $(CXX) $(OPT_FAST) $(CXXFLAGS) $(CPPFLAGS) -c -x c++-header -o $@ $<
""",
}


class SimulationError(CheckError):
    """The simulator could not be built or ended without a result; the message has the end of its log."""


def ccache_environment(folder: Path) -> dict[str, str]:
    """Return the variables that let a build of Verilator in ``folder`` use ccache where that is installed and has its folder."""
    kept = cache_folder() / "ccache"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError:
        return {}
    if not ccache().found or not os.access(kept, os.W_OK):
        return {}
    (folder / "ccache").symlink_to(kept)  # in a plain path: ccache replaces what looks like a variable
    return {
        "OBJCACHE": for_make(ccache().path),
        "CCACHE_DIR": f"{folder}/ccache",
        "CCACHE_MAXSIZE": f"{cache_limit() // 10**6}M",
        "CCACHE_CONFIGPATH": os.devnull,  # the user's own settings are of other builds
        "CCACHE_BASEDIR": str(folder),
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_SLOPPINESS": "pch_defines,time_macros,include_file_mtime",
    }


@contextmanager
def alone_if_first(kind: str) -> Iterator[None]:
    """Let the first build of a ``kind`` with a new cache be alone: one beside it would compile Verilator's own files, too.

    They take ten times as long as a small design. Later builds find them in ccache and are side by side.
    """
    kept = cache_folder() / "ccache"
    done = kept / f"{kind}.built"
    with ExitStack() as stack:
        if kept.is_dir() and ccache().found and not done.exists():
            stack.enter_context(locked(kept))
            if done.exists():  # by the one that this waited for
                stack.close()
        yield
        if kept.is_dir():
            with suppress(OSError):  # one that can only be read has them, or never will
                done.touch()


def _payload(design: CoreDesign, stream: str) -> list[Port]:
    """Return the ports that a beat of a stream is made of, lowest bits first."""
    _valid, _ready, *items = next(one for one in design.streams if one.name == stream).ports()
    return items


def _streams(design: CoreDesign) -> dict[str, str]:
    """Return the streams of a design and whether the bench feeds or empties each."""
    own = (port for port in design.ports() if port.name.endswith("_valid"))
    return {port.name.removesuffix("_valid"): "source" if port.direction == "input" else "sink" for port in own}


def _counted(design: CoreDesign, core: int, stream: str) -> str:
    """Return that a beat of a stream moves where its marks are compared: inside, if its beats are kept before."""
    inside = design.graph.checks.get(stream) if design.graph else None
    net = f"core_{core}.{inside}_{{}}" if inside else f"{stream}_{{}}_{core}"
    return f"{net.format('valid')} & {net.format('ready')}"


def _memories(design: CoreDesign) -> list[tuple[str, str, int]]:
    """Return each state memory: its place in the design, the name of its monitor, and the bits of what that sees."""
    parts = [(f"{place}.", prefix, part) for place, (prefix, part) in design.parts.items()] or [("", "", design)]
    return [
        (f"{place}memory_{lane}", f"{prefix}write_{lane}", part.address_bits + part.spec.state_bits)
        for place, prefix, part in parts
        for lane in range(part.lanes)
    ]


@cache
def _bench_template() -> Template:
    """Return the template of the bench, which is compiled once in a process."""
    environment = verilog_templates(FileSystemLoader(_SIM))
    environment.globals.update(streams=_streams, payload=_payload, memories=_memories, counted=_counted, watcher=watcher)
    return environment.get_template("bench.sv.j2")


def bench_text(designs: Sequence[CoreDesign]) -> str:
    """Return the SystemVerilog of the bench around some cores."""
    return _bench_template().render(cores=designs)


class Simulator:
    """The bench around some cores: built once for each content, then run as often as wanted.

    ``brief`` says that it will not run for long: it is compiled in a third of the time, and runs slower.
    Errors: ``UserError`` for a missing tool and for two different cores of one name.
    """

    def __init__(self, cores: Sequence[Core], *, waves: bool, coverage: bool = False, brief: bool = False) -> None:
        designs = [core.design for core in cores]
        files: dict[str, bytes] = {}
        owners: dict[str, Path] = {}
        for core in cores:
            for name, content in core.verilog.items():
                owner = owners.setdefault(name, core.folder)
                if files.setdefault(name, content) != content:
                    raise UserError(
                        f"{core.folder}: its module {name.removesuffix('.v')} is another one than that of {owner}; "
                        "emit one of the two with another --name, or simulate them one at a time"
                    )
        widest = max(sum(port.bits for port in _payload(design, stream)) for design in designs for stream in _streams(design))
        most = max(len(moments(design, index)) for index, design in enumerate(designs))
        watched = {own.name: own for design in designs for own in monitored(design).values()}
        protocol = "".join(map(monitor, watched.values())) if coverage else ""
        self._make(files, bench_text(designs), widest=widest, moments=most, waves=waves, brief=brief, protocol=protocol)

    def _make(
        self,
        files: dict[str, bytes],
        bench: str,
        *,
        widest: int,
        moments: int,
        waves: bool,
        brief: bool = False,
        protocol: str = "",
    ) -> None:
        """Set what is built: the ``files`` of designs and the ``bench`` around them; with a ``protocol`` it counts coverage.

        ``widest`` are the bits of the widest beat, ``moments`` how many there are to watch.
        """
        tool, *_ = (tool.require() for tool in (verilator(), compiler(), make(), perl()))
        self.waves, self.files = waves, files
        # Counters make the code ten times longer: it is compiled far longer than it runs.
        optimise = "-O0" if protocol or brief else "-O2"
        self.arguments = [*_ARGUMENTS, *(_WAVES if waves else ()), *(_COVERAGE if protocol else ())]
        # What runs once, such as what fills memories, takes far longer to optimise than to run.
        self.make = [*_MAKE, f"OPT_FAST={optimise}", "OPT_SLOW=-O0"]
        self.bench = {"streams.sv": (_SIM / "streams.sv").read_bytes(), "bench.sv": bench.encode()}
        self.native = {name: (_SIM / name).read_bytes() for name in ("main.cpp", "streams.cpp")}
        self.defines = [f"SC_HW_WORDS={-(-widest // 64)}", f"SC_HW_MOMENTS={-(-moments // 32) * 32}"]
        if protocol:
            self.bench["protocol.sv"] = protocol.encode()
            self.native["coverage.cpp"] = (_SIM / "coverage.cpp").read_bytes()
            self.defines.append("SC_HW_COVERAGE=1")
        key = hashlib.sha256()
        for name, content in sorted({**self.files, **self.bench, **self.native}.items()):
            key.update(f"{name} {len(content)}\n".encode() + content)
        identity = [tool.path, tool.version, compiler().version, version("cocotb"), version("cocotb-test"), sys.version]
        key.update(json.dumps([self.defines, self.arguments, self.make, identity]).encode())
        self.key = key.hexdigest()[:32]

    @contextmanager
    def built(self, log: Path, note: Callable[[str], None]) -> Iterator[tuple[Path, bool]]:
        """Give the program, built unless the cache has it, and whether it had; one process builds, others wait."""

        def build(program: Path) -> None:
            note("building the simulator (kept for the next run)")
            with temporary_folder(Path(plain_temporary())) as folder:
                program.write_bytes(self._build(folder, log))

        with cached("sim", self.key, build) as (program, hit):
            yield program, hit

    def _build(self, folder: Path, log: Path) -> bytes:
        for name, content in {**self.files, **self.bench, **self.native}.items():
            (folder / name).write_bytes(content)
        sources = [folder / "streams.sv", *(folder / name for name in (*self.files, *self.bench) if name != "streams.sv")]
        if variables := ccache_environment(folder):
            for name, text in _HEADERS.items():
                (folder / name).write_text(text, encoding="utf-8")
        with alone_if_first("bench"):
            run_cocotb(
                log,
                folder,
                variables,
                self._build_commands,
                compile_only=True,
                waves=self.waves,
                timescale="1ns/1ps",
                verilog_sources=[str(source) for source in sources],
                defines=self.defines,
                make_args=self.make,
                compile_args=[*self.arguments, *(str(folder / name) for name in self.native)],
            )
        if not (folder / _TOP).is_file():
            raise SimulationError(log_tail(log))
        return (folder / _TOP).read_bytes()

    @staticmethod
    def _build_commands(proposed: list[list[str]]) -> list[list[str]]:
        """Adapt cocotb-test's build: waves as VCD, our main program, and no signal public that the bench does not mark."""
        verilate, compile_ = proposed
        own = Path(compile_[compile_.index("-C") + 1], "sc_hw.mk").is_file()
        compile_ = ["sc_hw.mk" if own and a == "Vtop.mk" else a for a in compile_]
        unwanted = {"--public-flat-rw", "--trace-fst"}  # the first costs speed, the second a library that may be missing
        return [[a for a in verilate if a not in unwanted and not a.endswith("/verilator.cpp")], compile_]


def run_program(
    program: Path,
    log: Path,
    environment: Mapping[str, str],
    arguments: Sequence[str],
    on_line: Callable[[str], None],
    *,
    module: str = "sc_hw_sim.test_parity",
) -> None:
    """Run a simulator once under cocotb with the tests of a module; ``on_line`` gets every line it prints."""
    with temporary_folder(Path(plain_temporary())) as scratch:
        run_cocotb(log, scratch, environment, lambda _: [[str(program), *arguments]], on_line=on_line, module=module)


def log_tail(log: Path) -> str:
    """Return where the log is and its lines that tell of an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    wanted = [line for line in lines if "rror" in line] or lines
    return f"the simulator failed; the log is {log}\n" + "\n".join(wanted[-12:])


def run_cocotb(
    log: Path,
    folder: Path,
    environment: Mapping[str, str],
    commands: Callable[[list[list[str]]], list[list[str]]],
    *,
    on_line: Callable[[str], None] = lambda _line: None,
    toplevel: str = _TOP,
    module: str = "sc_hw_sim.test_parity",
    **options: object,
) -> None:
    """Let cocotb-test run ``commands``, which sees those it proposes; its log goes to a file and to ``on_line``."""
    import cocotb
    from cocotb_test.simulator import Verilator
    from cocotb_tools.config import pygpi_entry_point
    from find_libpython import find_libpython

    class Bench(Verilator):  # type: ignore[misc]
        def build_command(self) -> list[list[str]]:
            libraries, self.lib_dir = f"-Wl,-rpath,{links['cocotb']}/libs ", f"{links['cocotb']}/libs"
            (perl_, _, *verilate), *rest = super().build_command()
            # A simulator outlives the folder it is built in, so it is told where the libraries are when it runs.
            verilate = [a.replace(libraries, "").replace(str(package), links["cocotb"]) for a in verilate]
            return commands([[perl_, links["verilator"], *verilate], *rest])

        def execute(self, cmds: list[list[str]]) -> None:  # as ours: ended with this process, whoever ends that
            for command in cmds:
                told(f"Running command: {' '.join(command)}")
                done = run_process(command, cwd=Path(self.work_dir), environment=self.env, on_line=told)
                if done.returncode:
                    raise SystemExit(f"{command[0]} ended with status {done.returncode}")

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told(record.getMessage())

    def told(text: str) -> None:
        file.write(text + "\n")
        on_line(text)

    logger, tool, package = logging.getLogger("cocotb"), verilator().require(), Path(cocotb.__file__).parent
    links, variables = _linked(folder, package)
    found = os.environ.get("LD_LIBRARY_PATH")
    variables |= {
        **environment,
        "PATH": f"{Path(tool.path).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (f"{links['cocotb']}/libs", found))),
        "GPI_USERS": f"{find_libpython()};{pygpi_entry_point().replace(str(package), links['cocotb'])}",
    }
    propagate, logger.propagate = logger.propagate, False
    handler = Handler()
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file, _environment(variables):
        logger.addHandler(handler)
        try:
            with handlers_kept():
                bench = Bench(toplevel=toplevel, module=module, sim_build=str(folder), extra_env=variables, **options)
            bench.run()
        except SystemExit as error:
            # A failed test also ends here; the outcome file tells it from a simulator that broke.
            logger.info("cocotb-test: %s", error)
        finally:
            logger.removeHandler(handler)
            logger.propagate = propagate


def _linked(folder: Path, package: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return where Verilator and cocotb are for a build in ``folder``, and what tells Verilator so.

    They are links in it: the environment may be in a path that make does not take, which ``folder`` is not.
    """
    (folder / "cocotb").symlink_to(package)
    path, variables = verilator_in(folder)
    return {"cocotb": f"{folder}/cocotb", "verilator": path}, variables


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for cocotb-test, which reads the process's own."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
