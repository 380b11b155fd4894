"""Folders that sc-hw writes: whole or not at all, and replaced only when they are ours."""

import io
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from sc_hw_models.cache import locked
from sc_hw_models.scratch import held, partial, temporary_folder

from .errors import UserError, shown
from .interrupt import interruption_held
from .progress import note
from .strict import read_json
from .written import wrote

__all__ = ["check_apart", "check_output", "new_folder", "npz_bytes", "replace_file", "turn", "with_record", "write_folder"]

_checked: dict[Path, tuple[bool, Callable[[], None]]] = {}  # of outputs not written yet: with --force or not, and their check


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Work on a folder alone: wait, with a note, until no other sc-hw does. One that is not there is nobody's.

    Errors: ``UserError`` for a folder that cannot be read.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(
                locked(folder, waiting=lambda: note(f"{shown(folder)}: another sc-hw works on it; waiting for its end"))
            )
        except (FileNotFoundError, NotADirectoryError):
            pass  # whoever wants to read it says so better
        except OSError as error:
            raise UserError(f"{folder}: cannot be locked ({error.strerror}); give a folder that can be read") from error
        yield


def with_record(verb: str, record: str, schema: str) -> Callable[[Path], Iterator[str]]:
    """Return what lists the files of a folder in which a verb left a ``record`` of such a schema with digests of the others."""

    def listed(folder: Path) -> Iterator[str]:
        """Yield the files that we wrote into a folder. Errors: ``UserError`` when it is none of ours."""
        found = read_json(folder / record, remedy=f"sc-hw {verb} writes one")
        if not isinstance(found, dict) or found.get("schema") != schema or not isinstance(found.get("sha256"), dict):
            raise UserError(f"{folder / record}: not of sc-hw {verb}; give another folder")
        yield record
        yield from map(str, found["sha256"])

    return listed


def check_output(output: Path, listed: Callable[[Path], Iterable[str]], *, force: bool, verb: str) -> Path:
    """Return the folder to write as an absolute path.

    ``listed`` returns the files that a folder says are its own, relative to it, and raises ``UserError`` when the folder is
    none that ``verb`` wrote. Errors: ``UserError`` when it exists (without ``force``), or is not ours alone (with it): a link,
    a mount, the working directory or a folder around it, another program's folder, or one with a file that is not listed.
    Asked again when the folder is written: another program may have made one there meanwhile, or put something into it.
    """
    output = Path(os.path.abspath(output))
    _check(output, listed, force, verb)
    _checked[output] = (force, lambda: _check(output, listed, force, verb))
    return output


def _check(output: Path, listed: Callable[[Path], Iterable[str]], force: bool, verb: str) -> None:
    """Raise ``UserError`` for what ``check_output`` refuses."""
    if not os.path.lexists(output):
        return
    if not force:
        raise UserError(f"-o {output}: exists; give another folder or --force to replace it")
    refused = f"-o {output}: not a folder that sc-hw {verb}, so --force will not replace it"
    if output.is_symlink() or not output.is_dir():
        raise UserError(f"{refused}: it is {'a link' if output.is_symlink() else 'a file'}; give another folder")
    if output.is_mount() or Path.cwd().is_relative_to(os.path.realpath(output)):
        what = "another file system is mounted there" if output.is_mount() else "the working directory is in it"
        raise UserError(f"-o {output}: --force will not replace it: {what}; give another folder")
    if not any(output.iterdir()):
        return
    try:
        own = set(listed(output))
    except UserError as error:
        raise UserError(f"{refused} ({error}); give another folder") from error
    for path, regular in _inside(output):
        if not regular or (path not in own and not _left_empty(path, own)):
            raise UserError(
                f"-o {output}: holds {path}, which sc-hw did not write, so --force will not replace it; move that or give "
                "another folder"
            )


def check_apart(output: Path) -> None:
    """Refuse to emit into an emitted folder: it could not be read, with Verilog it does not list. Errors: ``UserError``."""
    place = Path(os.path.realpath(output))
    for folder in place.parents:
        manifest = folder / "manifest.json"
        if not manifest.is_file() or place.relative_to(folder).parts[0] == "results":
            continue
        with suppress(UserError):
            found = read_json(manifest, remedy="")
            if isinstance(found, dict) and str(found.get("schema")).startswith("sc-hw/"):
                break
    else:
        return
    raise UserError(f"-o {output}: is in {folder}, an emitted folder, which holds no other design; give a folder elsewhere")


def _inside(folder: Path, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Yield every file and empty folder, with a slash, below a folder, relative to it; ``False`` with what is neither."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                inside = _inside(folder / entry.name, f"{prefix}{entry.name}/")
                first = next(inside, (f"{prefix}{entry.name}/", True))  # an empty folder is one that somebody made
                yield first
                yield from inside
            else:
                yield prefix + entry.name, entry.is_file(follow_symlinks=False)


def _left_empty(path: str, own: set[str]) -> bool:
    """Return whether an empty folder is one that a verb of ours makes: for results, or for a file that is gone."""
    return path.endswith("/") and ("results" in path.split("/") or any(name.startswith(path) for name in own))


@contextmanager
def new_folder(output: Path) -> Iterator[Path]:
    """Give a folder to fill, which takes the place of ``output`` when the block ends, and is gone when that fails.

    Errors: ``UserError`` when it cannot be written.
    """
    made = [path for path in reversed(output.parents) if not path.exists()]
    try:
        with partial(*made, empty=True):
            try:
                output.parent.mkdir(parents=True, exist_ok=True)
                with interruption_held() as check, temporary_folder(output.parent) as staging:
                    fresh, old = staging / "new", staging / "old"
                    fresh.mkdir()
                    yield fresh
                    check()
                    with turn(output), held():
                        _exchange(output, fresh, old)
            except BaseException:
                for path in reversed(made):
                    with suppress(OSError):
                        path.rmdir()
                raise
    except OSError as error:
        raise UserError(f"-o {output}: cannot be written ({error.strerror}); give a writable folder") from error


def _exchange(output: Path, fresh: Path, old: Path) -> None:
    replaces, check = _checked.pop(output, (True, lambda: None))
    check()
    try:
        if replaces and os.path.lexists(output):  # else the system refuses to put a folder in the place of another
            output.rename(old)
        fresh.rename(output)
    except BaseException:
        if old.exists() and not output.exists():
            old.rename(output)
        raise
    wrote(output)


def write_folder(output: Path, files: Mapping[str, str | bytes]) -> None:
    """Write a folder of files, names relative to it, replacing what is there; ``output`` is complete or as it was.

    Errors: ``UserError`` when it cannot be written.
    """
    with new_folder(output) as fresh:
        for name, content in files.items():
            (fresh / name).parent.mkdir(exist_ok=True)
            (fresh / name).write_bytes(content.encode() if isinstance(content, str) else content)


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays by name as the bytes of an ``.npz`` archive; the same arrays give the same bytes in every Python.

    Digests of folders rest on them. ``np.savez`` lets ``zipfile`` choose headers of large files, which patches of Python change.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asanyarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980, as those of NumPy are
            entry.create_system, entry.external_attr = 3, 0o600 << 16  # Unix, wherever it is written
            archive.writestr(entry, content.getbuffer())
    return file.getvalue()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file of an output folder whole or not at all, and on the disk when this returns. Errors: ``UserError``."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with partial(fresh):
            with fresh.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)  # the name too is on the disk
        os.close(folder)
        wrote(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UserError(f"-o {path.parent}: cannot be written ({error.strerror}); give a writable folder") from error
