"""What a verb says while it works: notes on standard error, and a bar on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

__all__ = ["note", "progress"]


def note(text: str) -> None:
    """Print a line on standard error."""
    click.echo(text, err=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done, everything: bar.update(task, completed=done, total=everything)
