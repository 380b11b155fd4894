"""Rules drawn at random: files like a user's, whose steps are well typed and of bounded width."""

import random

from sc_hw_models.fixed import asr, clip, decay_magnitude, maximum, minimum, select, truncate
from sc_hw_models.term import Term, variable

__all__ = ["MOST_BITS", "random_rule"]

MOST_BITS = 26  # of an intermediate: the solvers multiply whatever comes

HEAD = '''"""Drawn from seed {seed}."""

from dataclasses import dataclass

from sc_hw_models.fixed import asr, clip, decay_magnitude, maximum, minimum, select, truncate
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    pass


def spec(config):
    return RuleSpec(
        rule="{name}",
        state=({state},),
        synapse_inputs=({inputs},),
        step_inputs=(Field(name="mode", bits=2),),
        noise=({noise}),
        outputs=({outputs},),
        random_seed={seed},
    )


def step(config, state, inputs):
{lines}


RULE = Rule(name="{name}", summary="random", config_type=Config, spec=spec, step=step)
'''

FUNCTIONS = {f.__name__: f for f in (asr, clip, decay_magnitude, maximum, minimum, select, truncate)}


def random_rule(seed: int) -> tuple[str, str]:
    """Return the name and the text of the rule of a seed."""
    r = random.Random(seed)

    def fields(prefix: str, count: int, most: int, *, signed: bool = True) -> dict[str, tuple[int, bool]]:
        return {f"{prefix}{k}": (r.randint(1, most), signed and r.random() < 0.4) for k in range(count)}

    state, inputs = fields("s", r.randint(1, 3), 12), fields("i", r.randint(1, 2), 6)
    noise, outputs = fields("n", r.randint(0, 2), 6, signed=False), fields("o", r.randint(1, 2), 12)
    values: dict[str, Term] = {}
    lines = []
    for kind, group in (("state", state), ("inputs", inputs | {"mode": (2, False)} | noise)):
        for name, (bits, signed) in group.items():
            values[name] = variable(name, -(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1)
            lines.append(f'{name} = {kind}["{name}"]')
    drawn = 0
    while drawn < r.randint(8, 22):
        text = _expression(r, list(values), values)
        try:
            value = eval(text, FUNCTIONS | values)  # noqa: S307 # our own text
        except TypeError:  # comparisons alone are not counted
            continue
        if isinstance(value, Term) and value.bits <= MOST_BITS:
            values[f"v{drawn}"] = value
            lines.append(f"v{drawn} = {text}")
            drawn += 1
    late = list(values)[-8:]
    results = []
    for group in (state, outputs):
        made = []
        for name, (bits, signed) in group.items():
            low, high = -(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1
            made.append(f'"{name}": clip({r.choice(late)} + 0, {low}, {high})')
        results.append("{" + ", ".join(made) + "}")
    lines.append(f"return {results[0]}, {results[1]}")

    def listed(group: dict[str, tuple[int, bool]]) -> str:
        return ", ".join(f'Field(name="{name}", bits={bits}, signed={signed})' for name, (bits, signed) in group.items())

    name = f"random_{seed}"
    text = HEAD.format(
        seed=seed,
        name=name,
        state=listed(state),
        inputs=listed(inputs),
        noise=listed(noise) + ("," if noise else ""),
        outputs=listed(outputs),
        lines="\n".join(f"    {line}" for line in lines),
    )
    return name, text


def _expression(r: random.Random, names: list[str], values: dict[str, Term]) -> str:
    """Return one operation on values that there are, those made last more often."""

    def one() -> str:
        return r.choice(names[-6:] if r.random() < 0.6 else names)

    def number() -> int:
        return r.choice((0, 1, 2, 3, 7, 8, 15, 16, 100, -1, -8, r.randint(-60, 300)))

    def other() -> str:
        return one() if r.random() < 0.6 else str(number())

    kind = r.choice(
        (
            "sum",
            "sum",
            "difference",
            "product",
            "multiple",
            "shift",
            "shift",
            "rounded",
            "select",
            "select",
            "clip",
            "limit",
            "decay",
            "truncate",
            "compare",
            "negate",
            "bit",
        )
    )
    low, high = sorted((r.choice((-128, -16, -3, 0, 0)), r.choice((0, 5, 31, 127, 200))))
    comparison = r.choice(("<", "<=", ">", ">=", "==", "!="))
    return {
        "sum": f"{one()} + {other()}",
        "difference": f"{one()} - {other()}",
        "product": f"{one()} * {one()}",
        "multiple": f"{one()} * {number()}",
        "shift": f"asr({one()}, {r.randint(0, 6)})",
        "rounded": f"asr({one()} + {other()}, {r.randint(1, 6)})",
        "select": f"select({one()} {comparison} {other()}, {other()}, {one()})",
        "clip": f"clip({one()}, {low}, {high})",
        "limit": f"{r.choice(('minimum', 'maximum'))}({one()}, {other()})",
        "decay": f"decay_magnitude({one()}, {r.randint(0, 5)}, {r.choice((0, 1))})",
        "truncate": f"truncate({one()}, {r.randint(1, 5)})",
        "compare": f"select({one()} {comparison} {other()}, {one()} + {other()}, {one()} - {other()})",
        "negate": f"select({one()} {comparison} {other()}, 0 - {one()}, {one()} + 0)",
        "bit": f"asr({one()}, 1) - 2 * asr({one()}, 2)",
    }[kind]
