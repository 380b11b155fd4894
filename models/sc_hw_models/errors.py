"""What the models raise: one line that names what was given and what is allowed."""

import re

__all__ = ["ConfigError", "StepError", "shown"]

_LONGEST = 200  # characters of a value in a message


def shown(value: object) -> str:
    """Return how a message shows a value: in one line, not for pages, and where it cannot be shown, as what type it is."""
    try:
        text = re.sub(r"\s*\n\s*", " ", repr(value))
    except Exception:  # an object's own way of being shown may raise anything
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


class ConfigError(ValueError):
    """A configuration or argument value that is not allowed; the message names it, its value and the range."""


class StepError(ConfigError):
    """A rule's step that breaks its specification; the message names the rule and the field, or the line of the step.

    ``field`` is the state field or output that was left (``""`` when the step itself is refused), ``value`` what the step
    gave and ``synapse`` where, of several. A ``CoreModel`` adds the ``timestep`` of its run, and ``state`` and ``inputs`` of
    the update.
    """

    def __init__(self, text: str, *, field: str = "", value: int = 0, synapse: int | None = None) -> None:
        super().__init__(text)
        self.field, self.value, self.synapse = field, value, synapse
        self.timestep: int | None = None
        self.state: dict[str, int] = {}
        self.inputs: dict[str, int] = {}
