"""Folders that sc-hw writes: whole or not at all, and replaced only when they are ours."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sc_hw_models.cache import locked

from .errors import UserError
from .interrupt import interruption_held
from .progress import note

__all__ = ["check_output", "turn", "write_folder"]


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Work on a folder alone: wait, with a note, until no other sc-hw does. One that is not there is nobody's.

    Errors: ``UserError`` for a folder that cannot be read.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, waiting=lambda: note(f"{folder}: another sc-hw works on it; waiting for its end")))
        except (FileNotFoundError, NotADirectoryError):
            pass  # whoever wants to read it says so better
        except OSError as error:
            raise UserError(f"{folder}: cannot be locked ({error.strerror}); give a folder that can be read") from error
        yield


def check_output(output: Path, marker: str, *, force: bool, verb: str) -> Path:
    """Return the folder to write as an absolute path.

    Errors: ``UserError`` when it exists (without ``force``), or is no folder that ``verb`` wrote, which holds a file called
    ``marker`` (with it).
    """
    output = Path(os.path.abspath(output))
    if output.exists() or output.is_symlink():
        if not force:
            raise UserError(f"-o {output}: exists; give another folder or --force to replace it")
        if not output.is_dir() or output.is_symlink() or (any(output.iterdir()) and not (output / marker).is_file()):
            raise UserError(f"-o {output}: not a folder that sc-hw {verb}, so --force will not replace it; give another folder")
    return output


def write_folder(output: Path, files: Mapping[str, str | bytes]) -> None:
    """Write a folder of files, names relative to it, replacing what is there.

    The files are written to a hidden folder beside ``output`` and renamed into place, so ``output`` is complete or as it
    was. Errors: ``UserError`` when it cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with turn(output), interruption_held() as check:
            staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
            try:
                fresh, old = staging / "new", staging / "old"
                fresh.mkdir()
                for name, content in files.items():
                    (fresh / name).parent.mkdir(exist_ok=True)
                    (fresh / name).write_bytes(content.encode() if isinstance(content, str) else content)
                    check()
                if output.exists():
                    output.rename(old)
                try:
                    fresh.rename(output)
                except OSError:
                    if old.exists():
                        old.rename(output)
                    raise
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise UserError(f"-o {output}: cannot be written ({error.strerror}); give a writable folder") from error
