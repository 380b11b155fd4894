"""What measuring a system gives."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sc_hw.plot_style import INK

__all__ = ["INK", "Measurement", "Row", "Runs", "as_they_end", "on_all_processors"]


@dataclass(frozen=True)
class Row:
    """One figure: what, how much, what was wanted, and whether it was met."""

    quantity: str
    measured: str
    wanted: str
    met: bool


@dataclass(frozen=True)
class Measurement:
    """A system's figures, the setting they hold for (a sentence), its picture, and further lines of its page."""

    title: str
    setting: str
    rows: list[Row]
    draw: Callable[[Figure], None]
    details: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(f"{self.title}: nothing was measured")


class Runs:
    """What finished runs gave, a line of JSON each, in a file that is part of the project: an hour's work is not done twice.

    A run is known by all its settings. A line that a kill left torn is passed over.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._found: dict[str, dict[str, float]] = {}
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        for line in text.split("\n")[:-1]:
            try:
                run = json.loads(line)
            except ValueError:
                continue
            self._found[_key(run["settings"])] = run["figures"]
        if text and not text.endswith("\n"):
            file.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")

    def find(self, settings: Mapping[str, Any]) -> dict[str, float] | None:
        """Return the figures of the run with these settings, if it ran."""
        return self._found.get(_key(settings))

    def add(self, settings: Mapping[str, Any], figures: dict[str, float]) -> None:
        """Keep the figures of a run."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"settings": settings, "figures": figures}) + "\n")
        self._found[_key(settings)] = figures


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


processes: int | None = None  # how many of ``on_all_processors``; None: as many as there are for this one


def on_all_processors(function: Callable[[Any], Any], arguments: Iterable[Any]) -> list[Any]:
    """Return the function of each argument, in order, computed side by side."""
    return [value for _, value in sorted(as_they_end(function, arguments), key=lambda pair: pair[0])]


def as_they_end(function: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the place of an argument and the function of it, each as it ends."""
    with ProcessPoolExecutor(processes or len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        places = {pool.submit(function, argument): place for place, argument in enumerate(arguments)}
        for future in as_completed(places):
            yield places[future], future.result()
