"""What a page shows: sections by name, each with the number of its last change, so that a page asks only for what is new."""

import base64
import json
import threading
from typing import Any

import numpy as np

__all__ = ["View", "packed"]


class View:
    """Sections that one thread shows and many pages ask for. A section is what JSON can say.

    Nothing queues up: a page that is slow, or opened late, gets each section as it is when it asks.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._sections: dict[str, tuple[int, str]] = {}
        self._asked = 0

    def show(self, **sections: Any) -> None:
        """Replace sections. Errors: ``TypeError`` and ``ValueError`` for what JSON cannot say."""
        told = {name: json.dumps(value, allow_nan=False) for name, value in sections.items()}
        with self._changed:
            self._number += 1
            self._sections |= {name: (self._number, text) for name, text in told.items()}
            self._changed.notify_all()

    def since(self, number: int, seconds: float = 0.0) -> str:
        """Return as JSON the ``number`` of now and the ``sections`` that changed after another one; wait so long for a change."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, seconds)
            self._asked = max(self._asked, number)
            self._changed.notify_all()
            new = [f"{json.dumps(name)}: {text}" for name, (at, text) in self._sections.items() if at > number]
            return f'{{"number": {self._number}, "sections": {{{", ".join(new)}}}}}'

    def seen(self, seconds: float) -> bool:
        """Wait until a page has asked for what comes after the last change, at most so long; return whether one has."""
        with self._changed:
            return self._changed.wait_for(lambda: self._asked >= self._number, seconds)


def packed(values: np.ndarray) -> str:
    """Return bytes as text, row by row: what a canvas is painted from."""
    return base64.b64encode(np.ascontiguousarray(values, np.uint8).tobytes()).decode()
