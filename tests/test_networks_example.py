"""The measured networks: their bars tell, and codes keep a first task that is lost without."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "networks"


@pytest.fixture
def example(monkeypatch):
    """Return a module of the example by its file, under another name where that is taken."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(file, name=None):
        name = name or file
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{file}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


def test_bars_are_met_or_missed(example):
    example("tasks")
    main = example("__main__", "networks_main")
    row = main.Row("x", "digits", 1, "digits", least=97.5, each=97)
    assert row.met([97.5, 97.5, 97.5])
    assert not row.met([98, 98, 96.9])
    assert not row.met([97, 97.6, 97.6])
    assert not main.Row("x", "digits", 1, "digits", most=85).met([84, 86, 86])
    assert row.bar == ">= 97.5, each >= 97"


def test_codes_keep_the_first_task(example, monkeypatch):
    tasks = example("tasks")
    monkeypatch.setattr(tasks, "PASSES", 3)
    kinds = {kind.what: kind for kind in tasks.KINDS}
    lost = tasks.two_tasks(kinds["control: nothing protected"], 1)
    kept = tasks.two_tasks(kinds["control: one code, 5"], 1)
    assert min(lost[0], kept[0]) > 93
    assert lost[1] < 75 < kept[1]
    assert lost[2] > kept[2] > 60
