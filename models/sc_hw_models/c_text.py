"""A rule's step as C: the terms that a proof prints for a solver, printed for a compiler.

The step is traced once. Every term's interval holds all its values, so that one signed integer type does for all
of them and nothing overflows; 32 bits where they suffice, because a vector register then holds twice as many.
"""

from collections.abc import Iterable
from typing import Any

from .checked import open_fields
from .lfsr import Lfsr
from .rule import Field, Rule, RuleSpec
from .term import Term, lift, subterms, variable

__all__ = ["c_text", "definitions"]

_FILE = """\
#include <stdint.h>

typedef {value} value;
_Static_assert((value)-1 >> 1 == -1, "the right shift of a negative number must be arithmetic, as in GCC and Clang");

// Returns whether a result leaves its field: 0 without a comparison where its interval shows that it cannot.
static int update(const int64_t synapses, {parameters})
{{
    value outside = 0;
    for (int64_t i = 0; i < synapses; i++) {{
        {update}
    }}
    return outside != 0;
}}
{draw}
int run(const int64_t timesteps, const int64_t synapses, const int64_t lanes, const int64_t history, void *const *const arrays)
{{
    const int64_t rows = history ? timesteps + 1 : 2, output_rows = history ? timesteps : 1;
    {pointers}
    for (int64_t t = 0; t < timesteps; t++) {{
        {timestep}
    }}
    return 0;
}}
"""

# As in lfsr.py: an update's noise is the low bits of its lane's register before the step.
_DRAW = """
typedef {register} bits;

static void draw(const int64_t synapses, const int64_t lanes, bits *const registers, {parameters})
{{
    const int64_t padded = (synapses + lanes - 1) / lanes * lanes;
    for (int64_t lane = 0; lane < lanes; lane++) {{
        bits state = registers[lane];
        for (int64_t i = lane; i < padded; i += lanes) {{
            {words}
            const bits fresh = (state >> {old}) ^ (state >> {young} & (((bits)1 << {fresh}) - 1));
            state = (state << {fresh} | fresh) & (((bits)1 << {length}) - 1);
        }}
        registers[lane] = state;
    }}
}}
"""


def c_text(rule: Rule, config: Any) -> str:
    """Return a C file whose ``run`` updates all synapses by any number of timesteps.

    ``arrays`` are, of the fields' ``dtype``: state fields ``(rows, synapses)``, of which row 0 is given and row
    ``timesteps % rows`` is left; synapse inputs ``(timesteps, synapses)``; step inputs ``(timesteps,)``; outputs
    ``(output rows, synapses)``; noise ``(words * lanes,)``, to be overwritten; last, if there is noise, the registers
    ``(lanes,)`` of 64 bits, of 128 when they are longer.
    It gives 1, and stops, after a timestep in which a result leaves its field, else 0. Errors: ``StepError`` as ``CheckedStep``.
    """
    spec = rule.spec(config)
    results = _results(rule, config)
    terms = subterms(results.values())
    bits = max(term.bits for term in terms)
    symbols, lines = definitions(terms, 32 if bits <= 32 else 64)
    fields = {f"next_{f.name}": f for f in spec.state} | {f"output_{f.name}": f for f in spec.outputs}
    for name, f in open_fields(results, fields).items():
        symbol = symbols[id(results[name])]
        lines.append(f"outside |= {symbol} < {f.minimum} | {symbol} > {f.maximum};")
    lines += [f"{name}[i] = ({_c_type(f)}){symbols[id(results[name])]};" for name, f in fields.items()]
    arguments = _arguments(spec)
    pointers = {f"state_{f.name}": _c_type(f) for f in spec.state} | {f"input_{f.name}": _c_type(f) for f in spec.inputs}
    pointers |= {f"output_{f.name}": _c_type(f) for f in spec.outputs} | {f"noise_{f.name}": _c_type(f) for f in spec.noise}
    timestep = [f"if (update(synapses, {', '.join(arguments.values())})) return 1;"]
    if spec.lfsr:
        pointers["registers"] = "bits"
        timestep.insert(0, f"draw(synapses, lanes, registers, {', '.join(f'noise_{f.name}' for f in spec.noise)});")
    return _FILE.format(
        value="int32_t" if bits <= 32 else "int64_t",
        parameters=", ".join(arguments),
        update="\n        ".join(lines),
        draw=_draw(spec.noise, spec.lfsr) if spec.lfsr else "",
        pointers="\n    ".join(f"{kind} *const {name} = arrays[{k}];" for k, (name, kind) in enumerate(pointers.items())),
        timestep="\n        ".join(timestep),
    )


def _c_type(f: Field) -> str:
    return f"{f.dtype}_t"


def _results(rule: Rule, config: Any) -> dict[str, Term]:
    """Return the step's results, each by the array it goes to, as terms whose variables are C expressions."""
    spec = rule.spec(config)

    def variables(fields: Iterable[Field], pattern: str) -> dict[str, Term]:
        return {f.name: variable(pattern.format(f.name), f.minimum, f.maximum) for f in fields}

    inputs = variables(spec.synapse_inputs, "input_{}[i]") | variables(spec.step_inputs, "input_{}")
    inputs |= variables(spec.noise, "noise_{}[i]")
    state, outputs = rule.step(config, variables(spec.state, "state_{}[i]"), inputs)
    results = {f"next_{f.name}": lift(state[f.name]) for f in spec.state}
    return results | {f"output_{f.name}": lift(outputs[f.name]) for f in spec.outputs}


def definitions(terms: Iterable[Term], width: int) -> tuple[dict[int, str], list[str]]:
    """Return a C expression for each term, by identity, and the definitions behind them, each once, operands first."""
    symbols: dict[int, str] = {}
    lines: list[str] = []
    for term in terms:
        if term.operation == "constant":
            symbols[id(term)] = f"(value){term.detail}"
        else:
            symbols[id(term)] = f"v{len(lines)}"
            operands = [symbols[id(argument)] for argument in term.arguments]
            lines.append(f"const value v{len(lines)} = {_expression(term, operands, width)};")
    return symbols, lines


def _expression(term: Term, operands: list[str], width: int) -> str:
    if term.operation == "variable":
        return str(term.detail)
    if term.operation == ">>":
        return f"{operands[0]} >> {min(int(term.detail), width - 1)}"  # C has no longer shift, and it would give the same
    if term.operation == "select":
        return f"{operands[0]} ? {operands[1]} : {operands[2]}"
    return f"{operands[0]} {_OPERATORS[term.operation]} {operands[1]}"


_OPERATORS = {"+": "+", "-": "-", "*": "*", "<": "<", "<=": "<=", "=": "=="}


def _arguments(spec: RuleSpec) -> dict[str, str]:
    """Return the arguments of ``update`` by their parameters."""
    result = {}
    for f in spec.state:
        result[f"const {_c_type(f)} *restrict const state_{f.name}"] = f"state_{f.name} + t % rows * synapses"
        result[f"{_c_type(f)} *restrict const next_{f.name}"] = f"state_{f.name} + (t + 1) % rows * synapses"
    for f in spec.synapse_inputs:
        result[f"const {_c_type(f)} *restrict const input_{f.name}"] = f"input_{f.name} + t * synapses"
    for f in spec.step_inputs:
        result[f"const value input_{f.name}"] = f"input_{f.name}[t]"
    for f in spec.noise:
        result[f"const {_c_type(f)} *restrict const noise_{f.name}"] = f"noise_{f.name}"
    for f in spec.outputs:
        result[f"{_c_type(f)} *restrict const output_{f.name}"] = f"output_{f.name} + t % output_rows * synapses"
    return result


def _draw(noise: Iterable[Field], lfsr: Lfsr) -> str:
    """Return the function that draws one timestep of noise."""
    (n, k), words, low = lfsr.taps, [], 0
    for f in noise:
        words.append(f"noise_{f.name}[i] = ({_c_type(f)})(state >> {low} & {f.maximum});")
        low += f.bits
    return _DRAW.format(
        register="uint64_t" if n <= 64 else "unsigned __int128",
        parameters=", ".join(f"{_c_type(f)} *restrict const noise_{f.name}" for f in noise),
        words="\n            ".join(words),
        old=n - lfsr.fresh,
        young=k - lfsr.fresh,
        fresh=lfsr.fresh,
        length=n,
    )
