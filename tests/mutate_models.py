"""Mutation of the golden models: mutmut with tests/models as the killer, in a folder of its own; prints the score.

    python tests/mutate_models.py FOLDER [--least PERCENT]

mutmut finds a package under src only, so the models are copied there. Exit status 1 when fewer than PERCENT are killed.
"""

import argparse
import collections
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path

import hypothesis
import pytest
from _pytest.config import _prepareconfig  # what pytest.main begins with; there is no public name for it

ROOT = Path(__file__).resolve().parents[1]
BUDGET = 10  # CPU seconds of tests, fastest first, after which a mutant has survived
MEMORY = 4 << 30  # bytes of address space, so that a mutant that asks for more is killed and not the machine


def prepare(folder: Path) -> None:
    """Lay out what mutmut needs: the models under src, their tests, and its settings."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "models", folder / "src")
    for name in ("__init__.py", "models", "parity/__init__.py", "parity/configurations.py"):
        source, copy = ROOT / "tests" / name, folder / "tests" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy)
    shutil.copy2(ROOT / "pyproject.toml", folder)


def run(folder: Path) -> dict[str, str]:
    """Run mutmut to its end and return the verdict on each mutant."""
    os.chdir(folder)  # mutmut takes its settings from here as it is imported
    from mutmut import __main__ as mutmut
    from mutmut.runners.harness import PytestRunner
    from mutmut.state import state
    from mutmut.stats import status_by_exit_code
    from mutmut.workers import isolation

    class CollectedOnce(PytestRunner):
        """Runs tests collected in the parent process; a session of pytest for each mutant would take most of the time."""

        failed = False

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.failed |= report.failed

        def _collect(self) -> dict[str, pytest.Item]:
            options = ["--rootdir=.", "--capture=no", "--tb=no", "-p", "no:cacheprovider", *self._pytest_add_cli_args]
            config = _prepareconfig([*options, *self._pytest_add_cli_args_test_selection], [self])
            config._do_configure()
            session = pytest.Session.from_config(config)
            config.hook.pytest_sessionstart(session=session)
            return {item.nodeid: item for item in session.perform_collect()}

        def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
            os.chdir("mutants")
            if not hasattr(self, "items"):
                with redirect_stdout(Path(os.devnull).open("w")):  # pytest keeps it
                    self.items = self._collect()
            if mutant_name:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                signal.signal(signal.SIGPROF, lambda *_: os._exit(36))  # mutmut's status of a timeout
            start, self.failed = time.process_time(), False
            for name in tests or self.items:
                if mutant_name:
                    signal.setitimer(signal.ITIMER_PROF, 2 + 5 * state().duration_by_test[name])
                self.items[name].config.hook.pytest_runtest_protocol(item=self.items[name], nextitem=None)
                if self.failed or (mutant_name and time.process_time() - start > BUDGET):
                    break
            os.chdir("..")
            return int(self.failed)

    # Shrinking a failure is for people; the same examples in every run.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutation", phases=phases, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")
    isolation.PytestRunner = CollectedOnce
    mutmut._run((), None)
    metas = [json.loads(path.read_text())["exit_code_by_key"] for path in Path("mutants/src").rglob("*.meta")]
    return {name: status_by_exit_code[code] for codes in metas for name, code in codes.items()}


def main() -> None:
    """Print what survived, the score of each module, and that of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=float, default=90.0, metavar="PERCENT")
    arguments = parser.parse_args()
    folder, start = arguments.folder.absolute(), time.monotonic()
    prepare(folder)
    verdicts = run(folder)
    modules: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for name, verdict in sorted(verdicts.items()):
        modules[name.rpartition(".")[0]][verdict] += 1
        if verdict not in ("killed", "timeout"):
            print(f"{verdict}: {name}")
    total = sum(modules.values(), collections.Counter())
    for name, counts in [*sorted(modules.items()), ("all", total)]:
        killed, count = counts["killed"] + counts["timeout"], counts.total()
        print(f"{name:44} {count:5} mutants {killed:5} killed {100 * killed / count:6.1f} %  {dict(counts)}")
    print(f"{time.monotonic() - start:.0f} s")
    sys.exit(100 * (total["killed"] + total["timeout"]) < arguments.least * total.total())


if __name__ == "__main__":
    main()
