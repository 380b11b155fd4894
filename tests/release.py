"""Build the release three times, compare, and try its wheel as users install it: ``python -m tests.release``.

The wheel and the source archive are built twice from the tree, the wheel also from the source archive: files of one name have
the same bytes or it fails. The wheel is then installed into an empty environment of each Python, in a folder with a blank in its
name, without constraints, and by uv and pipx where they are installed; seconds count from that installation to the first PASS.
Exit status 1 when anything differs or fails.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

__all__ = ["build", "different", "environments", "main", "tried"]

ROOT = Path(__file__).parents[1]
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")  # that sc-hw is for
ABSENT = "not on this machine"
BAR = 120  # seconds from the installation to the first PASS


def run(*command: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints. Errors: ``RuntimeError`` with the end of it when the command fails."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout


def build(source: Path, output: Path, *kinds: str) -> dict[str, bytes]:
    """Build ``--wheel`` or ``--sdist`` of a tree with the time of its last commit, and return the files by name."""
    epoch = run("git", "log", "-1", "--format=%ct", folder=ROOT).strip()
    options = [*kinds, "--no-isolation", "--outdir", output]
    run(sys.executable, "-m", "build", *map(str, options), source, folder=ROOT, environment={"SOURCE_DATE_EPOCH": epoch})
    return {path.name: path.read_bytes() for path in sorted(output.iterdir())}


def different(*builds: Mapping[str, bytes]) -> list[str]:
    """Return the names of files that are not the same, byte for byte, in every build that has them."""
    names = sorted({name for files in builds for name in files})
    return [name for name in names if len({files[name] for files in builds if name in files}) > 1]


def environments(folder: Path, wheel: Path, pythons: Sequence[str]) -> Iterator[tuple[str, Callable[[], Path] | None]]:
    """Give each way to install the wheel by name, with what does so and returns ``sc-hw``; None where it is absent."""

    def by_pip(python: str, place: Path) -> Path:
        run(python, "-m", "venv", place, folder=folder)
        run(place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, folder=folder)
        return place / "bin" / "sc-hw"

    def by_uv(place: Path) -> Path:
        run("uv", "venv", "--quiet", "--python", sys.executable, place, folder=folder)
        run("uv", "pip", "install", "--quiet", "--python", place / "bin" / "python", wheel, folder=folder)
        return place / "bin" / "sc-hw"

    def by_pipx(place: Path) -> Path:
        places = {"PIPX_HOME": str(place), "PIPX_BIN_DIR": str(place / "bin")}
        run("pipx", "install", "--quiet", "--python", sys.executable, wheel, folder=folder, environment=places)
        return place / "bin" / "sc-hw"

    for number, python in enumerate(pythons):
        version = _version(python)
        place = folder / f"environment {number}"
        yield f"venv, Python {version or python}", partial(by_pip, python, place) if version else None
    yield "uv", partial(by_uv, folder / "by uv") if shutil.which("uv") else None
    yield "pipx", partial(by_pipx, folder / "by-pipx") if shutil.which("pipx") else None  # it takes no blank in its own home


def _version(python: str) -> str:
    """Return the version of an interpreter, nothing when it does not run."""
    if not shutil.which(python):
        return ""
    done = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if not done.returncode else ""


def tried(install: Callable[[], Path], folder: Path) -> tuple[float, str]:
    """Return the seconds from the installation to the first PASS, and the line that says it; caches are empty."""
    start = time.monotonic()
    command = install()
    with tempfile.TemporaryDirectory() as name:
        place = {"SC_HW_CACHE": f"{name}/cache"}
        run(command, "emit", "--synapses", "1024", "-o", f"{name}/core", folder=folder, environment=place)
        said = run(command, "sim", f"{name}/core", "--steps", "200", folder=folder, environment=place)
    line = next((line for line in said.splitlines() if line.startswith("PASS")), "")
    if not line:
        raise RuntimeError(f"no PASS in\n{said[-2000:]}")
    return time.monotonic() - start, line


def main() -> int:
    """Build, compare, try; print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the wheel, the source archive and SHA256SUMS go")
    parser.add_argument("-o", "--output", type=Path, help="the page to write")
    parser.add_argument(
        "--python", action="append", metavar="PATH", help=f"an interpreter to try; by default {' '.join(PYTHONS)}"
    )
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        first, second = (build(ROOT, scratch / str(k), "--sdist", "--wheel") for k in range(2))
        archive = next(path for path in (scratch / "0").iterdir() if path.name.endswith(".tar.gz"))
        shutil.unpack_archive(archive, scratch / "unpacked", filter="data")
        (tree,) = (scratch / "unpacked").iterdir()
        unlike = different(first, second, build(tree, scratch / "again", "--wheel"))
        shutil.copytree(scratch / "0", options.folder)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in first.items()}
    (options.folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    print(f"built three times: {', '.join(unlike) + ' differ' if unlike else 'the same bytes'}", flush=True)
    wheel = next(path.resolve() for path in options.folder.iterdir() if path.suffix == ".whl")
    rows, failed = [], bool(unlike)
    with tempfile.TemporaryDirectory() as name:
        for title, install in environments(Path(name), wheel, options.python or PYTHONS):
            try:
                seconds, line = tried(install, Path(name)) if install else (0.0, ABSENT)
            except RuntimeError as error:
                seconds, line, failed = 0.0, f"FAILED: {error}", True
            failed |= seconds > BAR
            rows.append(f"| {title} | {f'{seconds:.0f}' if seconds else ''} | {line.splitlines()[0]} |")
            print(rows[-1], line if line.startswith("FAILED") else "", flush=True)
    if options.output:
        options.output.write_text(_page(rows, sums, unlike))
    return 1 if failed else 0


def _page(rows: list[str], sums: Mapping[str, str], unlike: list[str]) -> str:
    listed = "".join(f"| `{name}` | `{digest[:16]}...` |\n" for name, digest in sums.items())
    compared = f"{', '.join(unlike)} differ" if unlike else "the same bytes"
    return f"""# The release, built and tried

    make release

Built twice from the tree, the wheel once more from the source archive: {compared}.

Each row is an empty environment and empty caches ({platform.machine()}, {os.cpu_count()} cores). Seconds count from the
installation of the wheel, without constraints and extras, to the first PASS of a core of 1,024 synapses; the bar is {BAR}.

| installed by | s | said |
| --- | --- | --- |
{chr(10).join(rows)}

| file | SHA-256 |
| --- | --- |
{listed}"""


if __name__ == "__main__":
    sys.exit(main())
