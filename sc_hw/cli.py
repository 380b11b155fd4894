"""The command line: its verbs, and how it ends."""

import sys

import click

from .boundary import run
from .options import Verbs
from .verbs.board import board, monitor
from .verbs.learn import accuracy, derive, fit, import_, train
from .verbs.make import emit, files, rule, rules, vectors
from .verbs.measure import absorb, doctor, estimate, explore, pnr, synth
from .verbs.package import package
from .verbs.verify import mutate, prove, replay, report, selftest, sim

__all__ = ["app", "main"]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sc-hw", prog_name="sc-hw", message="%(prog)s %(version)s")
def app() -> None:
    """Synthesizable on-chip-learning cores from golden models: emitted, checked bit for bit, measured.

    \b
    Exit status: 0 all is well; 1 a check failed, or a tool did; 2 something given cannot be used, or the machine
    lacks something; 70 a defect of sc-hw, please report it; 129, 130, 143 ended by SIGHUP, Ctrl-C, SIGTERM.
    """  # noqa: D301 - click reads the character
    from .toolchain import use_plain_temporary

    use_plain_temporary()


_VERBS = (
    emit,
    files,
    train,
    fit,
    derive,
    import_,
    sim,
    estimate,
    synth,
    pnr,
    absorb,
    explore,
    prove,
    replay,
    selftest,
    mutate,
    report,
    accuracy,
    rule,
    rules,
    vectors,
    board,
    monitor,
    package,
    doctor,
)
for verb in _VERBS:
    app.add_command(verb)


def main() -> None:
    """Run the command line and leave with its exit status; every failure is one line on standard error."""
    sys.exit(run(lambda: app(prog_name="sc-hw", standalone_mode=False)))
