"""A verilated design as a program: Verilog and a harness in C++, built once and kept in the cache."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sc_hw_models.cache import cached
from sc_hw_models.scratch import run_process, temporary_folder

from ..errors import CheckError
from ..sim.simulator import alone_if_first, ccache_environment
from ..toolchain import VERILATED_MAKE, compiler, make, perl, plain_temporary, verilator, verilator_in

__all__ = ["program", "program_key"]

_VERILATE = ("--cc", "--exe", "--prefix", "Vbus", "--x-assign", "unique", "--x-initial", "unique", "-Wno-fatal", "-O3")


@contextmanager
def program(files: Mapping[str, bytes], top: str, harness: Path, options: Sequence[str]) -> Iterator[Path]:
    """Give the program of module ``top`` of Verilog files by name, which ``harness`` drives as ``Vbus``.

    ``options`` are Verilator's beside ours. Errors: ``UserError`` for a missing tool, ``CheckError`` for a build that fails.
    """
    key = program_key(files, harness, options)
    with cached("sim", key, lambda path: _build(path, files, top, harness, options)) as (path, _):
        yield path


def program_key(files: Mapping[str, bytes], harness: Path, options: Sequence[str]) -> str:
    """Return the digest of all that the program depends on."""
    key = hashlib.sha256(harness.read_bytes())
    for name, content in sorted(files.items()):
        key.update(f"{name} {len(content)}\n".encode() + content)
    tool = verilator().require()
    key.update(json.dumps([*options, _VERILATE, tool.path, tool.version, compiler().version]).encode())
    return key.hexdigest()[:32]


def _build(path: Path, files: Mapping[str, bytes], top: str, harness: Path, options: Sequence[str]) -> None:
    """Verilate and compile."""
    for tool in (verilator(), compiler(), make(), perl()):
        tool.require()
    with temporary_folder(Path(plain_temporary())) as folder:
        for name, content in {**files, "harness.cpp": harness.read_bytes()}.items():
            (folder / name).write_bytes(content)
        command, environment = verilator_in(folder)
        environment |= ccache_environment(folder)
        sources = [str(folder / name) for name in files]
        verilate = [perl().path, command, *_VERILATE, *options, "-Mdir", str(folder / "built"), "--top-module", top]
        built = ["make", "-j2", "-C", str(folder / "built"), "-f", "Vbus.mk", *VERILATED_MAKE, "OPT_FAST=-O1", "OPT_SLOW=-O0"]
        with alone_if_first("program"):
            for words in ([*verilate, *sources, str(folder / "harness.cpp")], built):
                done = run_process(words, cwd=folder, environment=environment)
                if done.returncode:
                    said = (done.stdout + done.stderr)[-2000:]
                    raise CheckError(f"{Path(words[0]).name}: the simulator cannot be built\n{said}")
        path.write_bytes((folder / "built" / "Vbus").read_bytes())
        path.chmod(0o755)
