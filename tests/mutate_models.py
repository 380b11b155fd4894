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
from contextlib import chdir, redirect_stdout
from pathlib import Path

import hypothesis
import pytest
from _pytest.config import _prepareconfig  # what pytest.main begins with; there is no public name for it

ROOT = Path(__file__).resolve().parents[1]
BUDGET = 5  # CPU seconds of tests, likely killers and the fastest first, after which a mutant has survived
NOTICED = ("killed", "timeout", "crash")
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

        items: dict[str, pytest.Item] | None = None

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.passed &= not report.failed

        def _collect(self) -> dict[str, pytest.Item]:
            options = ["--rootdir=.", "--capture=no", "--tb=no", "-p", "no:cacheprovider", *self._pytest_add_cli_args]
            config = _prepareconfig([*options, *self._pytest_add_cli_args_test_selection], [self])
            config._do_configure()
            session = pytest.Session.from_config(config)
            config.hook.pytest_sessionstart(session=session)
            return {item.nodeid: item for item in session.perform_collect()}

        def _passes(self, name: str) -> bool:
            self.passed, item = True, self.items[name]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            return self.passed

        def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
            with chdir("mutants"):
                if self.items is None:
                    with redirect_stdout(Path(os.devnull).open("w")):  # pytest keeps it
                        self.items = self._collect()
                if mutant_name:
                    return self._judge(mutant_name, tests)
                return int(not all(map(self._passes, tests or self.items)))

        def _judge(self, mutant: str, tests: Iterable[str]) -> int:
            """Return 0 if a mutant survives; the process it is called in ends with it."""
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.signal(signal.SIGPROF, lambda *_: os._exit(36))  # mutmut's status of a timeout
            killers = Path(f"{mutant.rpartition('__mutmut_')[0]}.killers")  # of mutants of the same function, the last one first
            likely, start = killers.read_text().splitlines() if killers.exists() else [], time.process_time()
            for name in dict.fromkeys([*likely, *tests]):
                signal.setitimer(signal.ITIMER_PROF, 2 + 5 * state().duration_by_test[name])
                if not self._passes(name):
                    killers.write_text("\n".join(dict.fromkeys([name, *likely])))
                    return 1
                if time.process_time() - start > BUDGET:
                    break
            return 0

    # Shrinking a failure is for people; the same examples in every run.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutation", phases=phases, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")
    isolation.PytestRunner = CollectedOnce
    mutmut._run((), None)
    metas = [json.loads(path.read_text())["exit_code_by_key"] for path in Path("mutants/src").rglob("*.meta")]
    return {name: "crash" if (code or 0) < 0 else status_by_exit_code[code] for codes in metas for name, code in codes.items()}


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
        noticed = verdict in NOTICED
        modules[name.rpartition(".")[0]].update(mutants=1, killed=noticed)
        if not noticed:
            print(f"{verdict}: {name}")
    total = sum(modules.values(), collections.Counter())
    for name, counts in [*sorted(modules.items()), ("all", total)]:
        print(f"| {name} | {counts['mutants']} | {counts['killed']} | {100 * counts['killed'] / counts['mutants']:.1f} |")
    print(f"{dict(collections.Counter(verdicts.values()))}, {time.monotonic() - start:.0f} s")
    sys.exit(100 * total["killed"] < arguments.least * total["mutants"])


if __name__ == "__main__":
    main()
