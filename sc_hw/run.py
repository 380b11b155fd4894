"""A run of a verb on emitted folders: it waits for its turn, reads each core once, and what it leaves appears whole.

One run at a time works on a folder: the lock is of the folder, so it ends with the process. Whatever the run writes goes
into a hidden folder of its own in ``results``, or, of a block inside, in ``results/blocks/PLACE``; at the end that is renamed to
``VERB`` there, and the records follow, each by a rename. A run that was killed leaves a hidden folder, which the next one
removes, and no record of what it began.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

from sc_hw_models.scratch import held, partial, temporary_folder

from .errors import UserError, shown
from .folder import turn
from .manifest import Core, load_core
from .network_folder import EmittedNetwork, load_network
from .partial import joined
from .progress import note
from .reading import opened_regular
from .records import Emitted, head, results_folder, write_record, write_text
from .sim.simulator import SimulationError
from .written import wrote

__all__ = ["Run", "begin", "begin_network"]

_HIDDEN = ".run-"


class _Folder(Emitted, Protocol):
    """A core or a network as it was read."""

    @property
    def texts(self) -> Mapping[str, bytes]:
        """Its own Verilog."""

    @property
    def parts(self) -> "tuple[Self, ...]":
        """What is in folders of its own."""


F = TypeVar("F", bound=_Folder)


@dataclass(frozen=True, kw_only=True)
class Run(Generic[F]):
    """A run of ``verb`` on ``cores`` while it lasts; ``files`` is the folder it writes into, which becomes ``place``.

    ``within`` is where in the results of each core all of it goes: nowhere special, or what is of one block of it.
    """

    verb: str
    cores: tuple[F, ...]
    files: Path
    place: Path
    within: str = ""

    @property
    def core(self) -> F:
        """The only core, or the first of several."""
        return self.cores[0]

    def settled(self, value: Any) -> Any:
        """Return a text, path or record in which paths into ``files`` are those they will have in ``place``."""
        match value:
            case str():
                return value.replace(str(self.files), str(self.place))
            case Path():
                return Path(self.settled(str(value)))
            case Mapping():
                return {name: self.settled(entry) for name, entry in value.items()}
            case list() | tuple():
                return [self.settled(entry) for entry in value]
        return value

    def publish(
        self,
        records: Sequence[Mapping[str, Any]],
        json_path: Path | None = None,
        *,
        whole: Mapping[str, Any] | None = None,
        beside: Sequence[Mapping[str, str]] = (),
        partial: str | Sequence[str] = "",
    ) -> None:
        """Leave the run's files in ``place`` and a record, with its head, in the results of each core, in their order.

        ``json_path``, the user's own file, gets the record of all cores: ``whole``, or the only one there is. ``beside`` has
        texts by name for the results of each core, ``partial`` says why the run was less
        than a whole one of its verb: of all cores, or of each.
        Errors: ``UserError`` for what cannot be written.
        """
        reasons = [partial] * len(records) if isinstance(partial, str) else partial
        with held():
            self.keep()
            for core, record, texts, reason in zip(self.cores, records, beside or [{}] * len(records), reasons, strict=True):
                results = core.folder / "results" / self.within
                for name, text in texts.items():
                    write_text(results / name, text, option="results")
                write_record(results / f"{self.verb}.json", head(core) | self.settled(record) | {"partial": reason})
                wrote(results)
        if json_path is not None:
            write_record(
                json_path, head(self.core) | self.settled(whole or records[0]) | {"partial": joined(*dict.fromkeys(reasons))}
            )
        for core in self.cores:
            if _edited(core):
                note(f"{shown(core.folder)}: edited while sc-hw {self.verb} ran; the verdict is of the files as they were before")

    def keep(self) -> None:
        """Let the files of the run take the place of those of the last one, whose record goes first."""
        for core in self.cores:
            results = core.folder / "results" / self.within
            (results / f"{self.verb}.json").unlink(missing_ok=True)
            if core is not self.core:
                shutil.rmtree(results / self.verb, ignore_errors=True)
        with temporary_folder(self.files.parent, prefix=_HIDDEN) as old:
            with suppress(FileNotFoundError):
                self.place.rename(old / "old")
            if any(self.files.iterdir()):
                self.files.chmod(0o755)  # a temporary folder is private; results are not
                self.files.rename(self.place)


def _edited(core: _Folder) -> bool:
    """Return whether the Verilog of a core is no longer what it was when it was read."""
    for name, content in core.texts.items():
        try:
            with opened_regular(core.folder / name, len(content)) as file:  # no longer: what never ends is another file
                if file.read() != content:
                    return True
        except (OSError, ValueError):
            return True
    return any(_edited(part) for part in core.parts)


@contextmanager
def begin(
    verb: str, *folders: Path, system_tasks: bool = False, within: Callable[[Core], str] = lambda _core: ""
) -> Iterator[Run[Core]]:
    """Read emitted cores when it is their turn and give the run of a verb on them.

    ``system_tasks`` as for ``load_core``; ``within`` says where in the results of a core those of the run go.
    Errors: as ``_begun``, and those of ``within``, before anything is written.
    """
    with _begun(verb, folders, lambda folder: load_core(folder, system_tasks=system_tasks), within) as run:
        yield run


@contextmanager
def begin_network(
    verb: str, folder: Path, *, system_tasks: bool = False, within: Callable[[EmittedNetwork], str] = lambda _network: ""
) -> Iterator[Run[EmittedNetwork]]:
    """Read an emitted network when it is its turn and give the run of a verb on it, as ``begin``."""
    with _begun(verb, (folder,), lambda path: load_network(path, system_tasks=system_tasks), within) as run:
        yield run


@contextmanager
def _begun(verb: str, folders: Sequence[Path], read: Callable[[Path], F], within: Callable[[F], str]) -> Iterator[Run[F]]:
    """Read folders with ``read`` when it is their turn.

    Nothing is left of a run that ends without ``publish``, but for the log of a
    simulator that failed. Errors: ``UserError`` for a folder that is no core or whose results cannot be written.
    """
    with ExitStack() as stack:
        for _, folder in sorted(
            {os.path.realpath(folder): folder for folder in folders}.items()
        ):  # in one order: no two wait for ever
            stack.enter_context(turn(folder))
        cores = tuple(read(folder) for folder in folders)
        (inside,) = {within(core) for core in cores}
        results = results_folder(folders[0]).absolute() / inside
        for folder in folders[1:]:
            results_folder(folder)
        with _own_folder(results) as files:
            run = Run(verb=verb, cores=cores, files=files, place=results / verb, within=inside)
            try:
                yield run
            except SimulationError as error:
                with held():
                    run.keep()
                raise SimulationError(run.settled(str(error))) from error


@contextmanager
def _own_folder(results: Path) -> Iterator[Path]:
    """Give a new hidden folder in ``results``, after removing those of runs that were killed."""
    made = [path for path in (results, *results.parents) if not path.exists()]
    with partial(*made, empty=True), ExitStack() as stack:
        stack.callback(_remove_empty, made)
        try:
            results.mkdir(parents=True, exist_ok=True)
            for left in results.glob(f"{_HIDDEN}*"):
                shutil.rmtree(left, ignore_errors=True)
            files = stack.enter_context(temporary_folder(results, prefix=_HIDDEN))
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); give a folder that may hold the results"
            raise UserError(f"{results}: {reason}") from error
        yield files


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # it holds something now, or is gone
            folder.rmdir()
