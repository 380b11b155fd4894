"""What we emit is read: no configuration gives Verilog that a folder may not hold."""

import dataclasses

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.rtl.layer import LayerDesign
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError

from ..daily import check
from ..parity.configurations import CONFIGURATIONS

RANDOM = 60  # configurations of each rule
SHARES = 24  # of the configurations of the regression


def random_config(rule, generator):
    """Any configuration that the rule allows."""
    kind = get_rule(rule).config_type
    while True:
        drawn = {
            name: int(generator.choice([low, high, generator.integers(low, high, endpoint=True)]))
            for name, (low, high) in kind.RANGES.items()
            if generator.random() < 0.5
        }
        drawn |= {name: str(generator.choice(words)) for name, words in kind.CHOICES.items() if generator.random() < 0.5}
        try:
            return kind(**drawn)
        except ConfigError:
            continue


def read(designs, generator, folder):
    """Emit and read each; returns how many."""
    for number, design in enumerate(designs):
        core = load_core(emit(design, generator, folder / str(number)))
        assert not core.edited
    return number + 1


@pytest.mark.parametrize("share", [0, *(pytest.param(k, marks=check("every configuration")) for k in range(1, SHARES))])
@pytest.mark.parametrize("generator", GENERATORS)
def test_every_configuration_of_the_regression_is_read(generator, share, tmp_path):
    chosen = CONFIGURATIONS[share::SHARES]
    assert read((c.design(f"c{k}") for k, c in enumerate(chosen)), generator, tmp_path) == len(chosen)


@check("random configurations")
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("generator", GENERATORS)
def test_random_configurations_are_read(generator, name, tmp_path, request):
    seed = request.config.getoption("--seed")
    print(f"seed {seed}")
    g = np.random.default_rng(seed)
    rule = get_rule(name)
    shapes = [(1, 1), (5, 2), (12, 3), (40, 8)]

    def designs():
        for k in range(RANDOM):
            synapses, lanes = shapes[k % len(shapes)]
            config = random_config(name, g)
            print(k, dataclasses.asdict(config))
            initial = {}
            if k % 3 == 0:
                initial = {f.name: g.integers(f.minimum, f.maximum, synapses, endpoint=True) for f in rule.spec(config).state}
            yield CoreDesign(
                name="c", rule=rule, config=config, synapses=synapses, lanes=lanes, queued=bool(k % 2), initial=initial
            )

    assert read(designs(), generator, tmp_path) == RANDOM


@check("wholes of random configurations")
@pytest.mark.parametrize("generator", GENERATORS)
def test_random_crossbars_and_layers_are_read(generator, tmp_path, request):
    seed = request.config.getoption("--seed")
    print(f"seed {seed}")
    g = np.random.default_rng(seed)
    r_stdp, stp, third = (get_rule(name) for name in ("r_stdp", "stp", "three_factor"))

    def designs():
        for k in range(RANDOM // 2):
            lanes = (1, 2, 4)[k % 3]
            config = random_config("r_stdp", g)
            print(k, lanes, dataclasses.asdict(config))
            yield CrossbarDesign.made(
                "x", r_stdp, config, pre=int(g.integers(1, 9)), post=4 * int(g.integers(1, 4)), lanes=lanes, addressed=bool(k % 2)
            )
        for k in range(RANDOM // 2):
            lanes = (1, 2, 4)[k % 3]
            neurons = CoreDesign(name="l_neurons", rule=stp, config=random_config("stp", g), synapses=8, lanes=lanes)
            try:
                yield LayerDesign(
                    name="l", rule=third, config=random_config("three_factor", g), synapses=24, lanes=lanes, presynaptic=neurons
                )
            except UserError:  # rules that do not fit together
                continue

    assert read(designs(), generator, tmp_path) > RANDOM // 2
