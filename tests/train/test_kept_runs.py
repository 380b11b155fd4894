"""What runs of examples/learning gave is kept: known by all settings, safe from a kill, and a page says what is missing."""

import dataclasses
import importlib
import importlib.util
import math
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "learning"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(EXAMPLES) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_a_run_is_known_by_all_its_settings_and_a_torn_line_is_none(example, tmp_path):
    runs, file = example("measurement").Runs, tmp_path / "there" / "runs.jsonl"
    runs(file).add({"a": 1, "b": [2, 3]}, {"x": 0.5})
    runs(file).add({"a": 2, "b": [2, 3]}, {"x": 0.25})
    again = runs(file)
    assert again.find({"b": (2, 3), "a": 1}) == {"x": 0.5}
    for other in ({"a": 1}, {"a": 1, "b": [2, 3], "c": 0}, {"a": 1, "b": [2, 4]}):
        assert again.find(other) is None
    whole = file.read_text()
    file.write_text(whole[:-9])  # killed while it wrote the second
    torn = runs(file)
    assert torn.find({"a": 2, "b": [2, 3]}) is None
    torn.add({"a": 2, "b": [2, 3]}, {"x": 0.25})
    assert file.read_text() == whole


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(example, tmp_path, monkeypatch, capsys):
    example("measurement")
    spec = importlib.util.spec_from_file_location("learning_main", EXAMPLES / "__main__.py")
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    monkeypatch.setattr(command.importlib, "import_module", lambda name: pytest.fail("worked"))
    (tmp_path / "file").write_text("kept")
    monkeypatch.setattr(sys, "argv", ["learning", "density", "--docs", str(tmp_path / "file")])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "cannot be written" in capsys.readouterr().err


def test_runs_are_made_once_and_a_page_names_those_that_are_missing(example, tmp_path, monkeypatch):
    scenarios, made = example("scenarios_task"), []

    def as_they_end(function, arguments):
        for place, run in enumerate(arguments):
            made.append(run.settings)
            if len(made) == limit:
                raise KeyboardInterrupt
            value = run.config.strength if run.validation else 0.5
            yield place, scenarios.TransferReport(**dict.fromkeys(scenarios.FIGURES, value))

    monkeypatch.setattr(scenarios, "as_they_end", as_they_end)
    setting = dataclasses.replace(scenarios.DIGITS, runs=tmp_path / "runs.jsonl", strengths={"ewc": (0.1, 0.3, 0.2)})
    limit = 20
    with pytest.raises(KeyboardInterrupt):
        scenarios.Scenarios(setting).make()
    page = scenarios.measure(setting, only_kept=True)
    assert len(made) == limit
    missing = [line for line in page.details if line.startswith("- ")]
    assert "- split-class, EWC: 3 of 5 seeds" in missing
    assert "- split-domain, EWC: all seeds, and the choice of the strength" in missing
    assert not page.rows[-1].met
    limit = 0
    found = scenarios.Scenarios(setting)
    found.make()
    runs = len(scenarios.PROTOCOLS) * (6 + 5 * len(scenarios.METHODS))
    assert len(made) == runs + 1  # the one that was stopped, again
    assert not list(found.missing())
    assert {found.chosen((protocol, "ewc")) for protocol in scenarios.PROTOCOLS} == {0.3}
    changed = dataclasses.replace(setting, options=setting.options | {"lr": 0.5})
    assert len(list(scenarios.Scenarios(changed).missing())) == len(scenarios.PROTOCOLS) * len(scenarios.METHODS)


@pytest.mark.parametrize(
    ("best", "tried"),
    [
        (30.0, [1.0, 2.0, 20.0, 200.0]),  # beyond the end, and once more to see that it falls
        (1e9, [1.0, 2.0, 20.0, 200.0, 2000.0]),  # never more than three times
        (0.1, [0.01, 0.1, 1.0, 2.0]),
        (None, [1.0, 2.0]),  # all alike: nothing to be found further out
    ],
)
def test_strengths_beyond_the_listed_ones_are_tried_while_an_end_is_clearly_the_best(example, tmp_path, monkeypatch, best, tried):
    scenarios = example("scenarios_task")

    def as_they_end(function, arguments):
        for place, run in enumerate(arguments):
            score = -abs(math.log10(run.config.strength / best)) if best and run.config.strength else 0.5
            yield place, scenarios.TransferReport(**dict.fromkeys(scenarios.FIGURES, score))

    monkeypatch.setattr(scenarios, "as_they_end", as_they_end)
    setting = dataclasses.replace(scenarios.DIGITS, runs=tmp_path / "runs.jsonl", strengths={"ewc": (1.0, 2.0)})
    found = scenarios.Scenarios(setting)
    found.make()
    assert found.strengths(("split-class", "ewc")) == tried
    assert not list(scenarios.Scenarios(setting).missing())
    chosen = min(tried, key=lambda s: abs(math.log10(s / best))) if best else 1.0
    assert found.chosen(("split-class", "ewc")) == chosen
