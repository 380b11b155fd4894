"""The adaptation benchmark, in the golden and the compiled model; a planted fault is seen."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "adaptation.py"


@pytest.fixture
def adaptation():
    spec = importlib.util.spec_from_file_location("adaptation", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["adaptation"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["adaptation"]


def run(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["adaptation.py", "--generator", "none", *map(str, arguments)])
    return module.main()


def test_what_cannot_be_written_is_refused_before_the_work(adaptation, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(adaptation, "live", lambda preset: pytest.fail("worked"))
    (tmp_path / "kept.json").write_text("kept")
    for arguments, said in (
        (("--output", tmp_path / "no" / "a.json"), "--output"),
        (("--output", tmp_path), "--output"),
        (("--plot", tmp_path / "no" / "a.svg"), "--plot"),
        (("--plot", tmp_path / "a.txt", "--output", tmp_path / "kept.json"), "--plot"),
    ):
        with pytest.raises(SystemExit, match="2"):
            run(adaptation, monkeypatch, *arguments)
        assert f"error: {said} {arguments[1]}: " in capsys.readouterr().err
    monkeypatch.setattr(adaptation, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        run(adaptation, monkeypatch, "--plot", tmp_path / "a.svg")
    assert "needs matplotlib" in capsys.readouterr().err
    assert (tmp_path / "kept.json").read_text() == "kept"


def test_weights_cross_up_and_down_alike_in_both_models(adaptation, monkeypatch, tmp_path, capsys):
    out = tmp_path / "a.json"
    assert run(adaptation, monkeypatch, "--presets", "default,narrow4", "--output", out) == 0
    record = json.loads(out.read_text())
    assert record["hardware_measurement_claimed"] is False
    assert record["evidence"] == "simulation"
    assert "simulation" in capsys.readouterr().out
    for preset in record["presets"].values():
        assert len(preset["seeds"]) == 5
        assert all(0 < seed[side] < 1000 for seed in preset["seeds"] for side in ("up", "down"))
        assert preset["parity"]["compiled_differing"] in (0, None)


def test_a_life_follows_the_definition_by_hand(adaptation):
    """The first pairing of the default rule at full reward: eligibility 2047, so 127 x 2047 / 16 at the reward, less decay."""
    life, steps = adaptation.live("default")
    assert life.starts[0] == 0
    assert [moment["pre_spike"] for moment in life.inputs[:3]] == [1, 0, 0]
    assert life.states[0]["weight"] == 16_384
    rewarded = next(k for k, moment in enumerate(life.inputs) if moment["reward"])
    assert life.states[rewarded]["weight"] == 16_384 + (127 * life.states[rewarded]["eligibility"] >> 4)
    up = steps[0]["up"]
    assert life.states[up - 1]["weight"] >= 49_152 > life.states[up - 2]["weight"]
    down = up + steps[0]["down"]
    assert life.states[down - 1]["weight"] <= 16_384 < life.states[down - 2]["weight"]


def test_a_model_that_differs_fails(adaptation, monkeypatch, tmp_path):
    genuine = adaptation.live

    def altered(preset):
        life, steps = genuine(preset)
        life.states[40]["eligibility"] ^= 1
        return life, steps

    monkeypatch.setattr(adaptation, "live", altered)
    if adaptation.compiler() is None:
        pytest.skip("no C compiler")
    assert run(adaptation, monkeypatch, "--presets", "default", "--output", tmp_path / "a.json") == 1
    assert json.loads((tmp_path / "a.json").read_text())["presets"]["default"]["parity"]["compiled_differing"] == 1
