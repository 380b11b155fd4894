"""What a verb gives: its verdict, its record as fields, the text of its command; a notebook shows it as a box."""

from dataclasses import dataclass, field
from html import escape
from typing import Any

__all__ = ["Result", "Text"]


class Text(str):
    """Text that shows itself as it is, in a terminal and in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>"


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of a verb: ``status`` as the command exits, the ``text`` it prints, the ``record`` that ``--json`` writes.

    Every entry of the record is a field of the result too: ``core.sim().cores``. ``bool(result)`` is ``passed``.
    """

    verb: str
    status: int
    text: str
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the verb ended with status 0."""
        return self.status == 0

    @property
    def verdict(self) -> str:
        """The verdict of the record, or ``pass`` or ``fail``."""
        return str(self.record.get("verdict", "pass" if self.passed else "fail"))

    def table(self) -> Text:
        """Return what the command prints."""
        return Text(self.text.rstrip("\n"))

    def __bool__(self) -> bool:
        return self.passed

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.record:
            raise AttributeError(f"{self.verb}: no field {name!r}; its record has {', '.join(self.record) or 'none'}")
        return self.record[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.record]

    def __repr__(self) -> str:
        return f"{self.verdict.upper()} sc-hw {self.verb}\n{self.table()}"

    def _repr_html_(self) -> str:
        colour = "#1a7f37" if self.passed else "#b3261e"
        head = f'<strong style="color:{colour}">{escape(self.verdict.upper())}</strong> sc-hw {escape(self.verb)}'
        return f"<div>{head}<pre>{escape(self.text)}</pre></div>"
