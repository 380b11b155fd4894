"""The registry: every rule has its four files and no file lacks a rule; every specification is legal."""

import dataclasses
import keyword
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from sc_hw_models import registry
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, Rule

ROOT = Path(__file__).resolve().parents[2]
PLACES = {  # folder -> suffix of a rule's one file in it
    "models/sc_hw_models/rules": ".py",
    "sc_hw/rtl/rules": ".py",
    "rtl_templates/rules": ".v.j2",
    "docs/rules": ".md",
}


def faults(root, rules):
    """Return the files that are missing and the files that belong to no rule."""
    result = []
    for folder, suffix in PLACES.items():
        expected = {f"{name}{suffix}" for name in rules} | ({"__init__.py"} if suffix == ".py" else set())
        present = {path.name for path in (root / folder).iterdir() if path.name != "__pycache__"}
        result += [f"missing {folder}/{name}" for name in sorted(expected - present)]
        result += [f"orphan {folder}/{name}" for name in sorted(present - expected)]
    return result


def test_every_rule_has_its_files_and_every_file_its_rule():
    assert RULES
    assert faults(ROOT, RULES) == []


def test_a_missing_file_and_an_orphan_are_found(tmp_path):
    for folder, suffix in PLACES.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"a{suffix}").touch()
        if suffix == ".py":
            (tmp_path / folder / "__init__.py").touch()
    assert faults(tmp_path, {"a": ""}) == []
    (tmp_path / "docs/rules/a.md").rename(tmp_path / "docs/rules/b.md")
    (tmp_path / "rtl_templates/rules/a.v").touch()
    assert faults(tmp_path, {"a": ""}) == ["orphan rtl_templates/rules/a.v", "missing docs/rules/a.md", "orphan docs/rules/b.md"]


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"rule 'stpd': unknown; allowed are .*r_stdp"):
        get_rule("stpd")


def test_a_module_whose_rule_is_none_is_refused(monkeypatch):
    module = types.ModuleType("not_a_rule")
    module.RULE = "r_stdp"
    monkeypatch.setitem(sys.modules, "not_a_rule", module)
    monkeypatch.setitem(registry.RULES, "broken", "not_a_rule")
    with pytest.raises(TypeError, match="not_a_rule"):
        get_rule("broken")


@pytest.fixture(params=sorted(RULES))
def rule(request):
    return get_rule(request.param)


def test_a_rule_is_called_what_the_registry_and_its_file_call_it(rule):
    (name,) = [name for name in RULES if get_rule(name) is rule]
    assert rule.name == name == RULES[name].rpartition(".")[2]
    assert isinstance(rule, Rule)
    assert rule.summary
    assert "\n" not in rule.summary


def test_the_defaults_are_valid_frozen_and_hashable(rule):
    config = rule.config_type()
    assert config == rule.config_type()
    assert dataclasses.replace(config) == config
    hash(config)
    first = dataclasses.fields(config)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, first, getattr(config, first))


def test_presets_are_the_default_and_other_configurations(rule):
    assert rule.presets["default"].config == rule.config_type()
    configs = [preset.config for preset in rule.presets.values()]
    assert len(set(configs)) == len(configs)
    assert all(isinstance(config, rule.config_type) and rule.spec(config).state_bits for config in configs)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and name != "all" for name in rule.presets)
    assert all(preset.summary and "\n" not in preset.summary for preset in rule.presets.values())


def name_faults(spec):
    """Return what is wrong with the names of a specification."""
    result = []
    groups = {"state": spec.state, "inputs and noise": spec.inputs + spec.noise, "outputs": spec.outputs}
    for group, fields in groups.items():
        names = [f.name for f in fields]
        result += [f"{group}: {name} twice" for name in sorted({n for n in names if names.count(n) > 1})]
        result += [
            f"{group}: {n} is no name" for n in names if not re.fullmatch(r"[a-z](_?[a-z0-9])*", n) or keyword.iskeyword(n)
        ]
    return result


def test_field_names_are_unique_and_legal(rule):
    spec = rule.spec(rule.config_type())
    assert name_faults(spec) == []
    with pytest.raises(ConfigError, match=f"are called {spec.synapse_inputs[0].name}; give each a name of its own"):
        dataclasses.replace(spec, step_inputs=spec.step_inputs + spec.synapse_inputs[:1])


def test_the_specification_is_complete(rule):
    spec = rule.spec(rule.config_type())
    assert spec.rule == rule.name
    assert spec.state
    assert spec.outputs
    assert spec.latency >= 1
    shown = [f for preset in rule.presets.values() for s in [rule.spec(preset.config)] for f in (*s.state, *s.inputs, *s.outputs)]
    assert all(re.match(r"[a-z][a-z]|U ", f.meaning) for f in shown)  # a noun phrase, as a table of ports shows it
    assert all(f.minimum <= f.reset <= f.maximum for f in spec.state)
    assert all(f.reset == 0 for f in (*spec.inputs, *spec.noise, *spec.outputs))


def motif_faults(rule):
    """Return the motif entries that name no input or hold no value of it."""
    inputs = {f.name: f for f in rule.spec(rule.config_type()).inputs}
    return [
        f"{motif} step {k}: {name}={value}"
        for motif, steps in rule.motifs.items()
        for k, step in enumerate(steps)
        for name, value in step.items()
        if name not in inputs or not inputs[name].minimum <= value <= inputs[name].maximum
    ]


def test_motifs_name_real_inputs_with_values_in_range(rule):
    assert rule.motifs
    assert all(rule.motifs.values())
    assert motif_faults(rule) == []
    wrong = dataclasses.replace(
        rule, motifs={"m": ({}, {"no_such_input": 0}, {rule.spec(rule.config_type()).inputs[0].name: -1})}
    )
    assert len(motif_faults(wrong)) == 2


def test_the_step_returns_what_the_specification_lists(rule):
    config = rule.config_type()
    core = CoreModel(rule, config, synapses=3)
    zero = {f.name: np.zeros(3, dtype=np.int64) for f in core.spec.synapse_inputs} | {f.name: 0 for f in core.spec.step_inputs}
    for motif in rule.motifs.values():
        for step in motif:
            outputs = core.step(zero | {k: (np.full(3, v) if np.ndim(zero[k]) else v) for k, v in step.items()})
            assert list(core.state) == [f.name for f in core.spec.state]
            assert list(outputs) == [f.name for f in core.spec.outputs]
            for f in core.spec.state:
                assert core.state[f.name].shape == (3,)
                assert f.minimum <= core.state[f.name].min() <= core.state[f.name].max() <= f.maximum


def test_accuracy_names_rms_and_maximum_of_every_state_field(rule):
    figures, again, other = (rule.accuracy(rule.config_type(), seed, 100) for seed in (0, 0, 1))
    assert figures == again != other
    assert set(figures) >= {f"{f.name}_{kind}" for f in rule.spec(rule.config_type()).state for kind in ("rms", "max")}
    assert all(isinstance(value, float) and np.isfinite(value) for value in figures.values())
