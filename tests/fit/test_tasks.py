"""``sc-hw fit --tasks``: tasks follow each other with a command between, are measured each, and resumed."""

import json
from pathlib import Path

import numpy as np

from sc_hw.fit.data import load_samples
from sc_hw.fit.rtl import _shown
from sc_hw.fit.run import FitConfig
from sc_hw.fit.tasks import task_samples
from sc_hw.network_file import network_of
from sc_hw_models.networks import network_model
from tests.daily import check
from tests.npz import read_arrays

TWO = Path(__file__).parents[2] / "examples" / "networks" / "two_tasks.toml"


@check("the end of a task is compared with the golden model in every run")
def test_tasks_follow_each_other_and_codes_are_made_between(sc_hw, tmp_path):
    status, out, err = sc_hw("fit", TWO, "--tasks", "2", "--passes", "2", "--seed", "4", "-o", tmp_path / "new")
    assert status == 0, err
    assert "seed 4, 2 tasks" in out
    assert "tasks, when just learned: 1 " in out
    record = json.loads((tmp_path / "new" / "fit.json").read_text())
    assert [len(row["tasks"]) for row in record["curves"]] == [1, 1, 2, 2]
    model, samples = network_model(network_of(TWO, option="")), load_samples("digits", None, 4)
    first, second = task_samples(samples, 2, 4)
    model.fit(first.learned, first.learned_labels, passes=2, seed=4)
    model.consolidate()
    assert model.state["in.code"].any()
    model.fit(second.learned, second.learned_labels, passes=2, seed=4)
    state = read_arrays(tmp_path / "new" / "state.npz")
    assert all(np.array_equal(value, state[name]) for name, value in model.state.items())
    assert record["curves"][-1]["tasks"][0] == model.score(first.held_out, first.held_out_labels)


def test_a_task_is_the_same_pixels_in_another_order_and_the_chip_sees_some_of_each():
    samples = load_samples("digits", None, 1)
    first, second, third = task_samples(samples, 3, 1)
    assert np.array_equal(first.learned, samples.learned)
    assert not np.array_equal(second.learned, third.learned)
    assert np.array_equal(np.sort(second.held_out, axis=1), np.sort(first.held_out, axis=1))
    shown = _shown(FitConfig(passes=2, tasks=3), samples, 3, 50)
    assert (shown["pixels"].shape, shown["ends"].tolist()) == ((150, 64), [50, 100])
    assert np.array_equal(shown["labels"][:50], shown["labels"][50:100])
