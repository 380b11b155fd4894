"""A network as C: the golden model's sample, written once more with fixed sizes, so that a compiler makes vectors of it."""

from ..lfsr import Lfsr
from .c_sweep import further_fields, sum_text, sweep_text
from .errors import EXPONENTIALS, reciprocals
from .inputs import JITTER, POISSON
from .neurons import AlifConfig, CountingConfig, InputConfig, LifConfig
from .spec import NetworkSpec, PopulationSpec
from .synapses import Feedback, Plastic

__all__ = ["PADDING", "network_text"]

PADDING = 272  # the widest word, and a vector

_HEAD = """\
#include <stdint.h>
#include <string.h>

_Static_assert((int32_t)-1 >> 1 == -1, "the right shift of a negative number must be arithmetic, as in GCC and Clang");
static inline int32_t clip(const int32_t value, const int32_t low, const int32_t high)
{
    return value < low ? low : value > high ? high : value;
}
static inline uint32_t stepped(const uint32_t s, const int fresh)
{
    return s << fresh | (((s >> (31 - fresh)) ^ (s >> (28 - fresh))) & ((1u << fresh) - 1));  // bit 31 is never looked at
}
"""

_RUN = """
int run(const int64_t samples, const uint8_t *pixels, const int32_t *const labels, const int64_t learn, const int64_t slower,
        void *const *const arrays, int32_t *const decisions)
{{
    {pointers}
    for (int64_t n = 0; n < samples; n++, pixels += {pixels}) {{
        {sample}
    }}
    return 0;
}}
"""


def network_text(spec: NetworkSpec) -> str:
    """Return a C file whose ``run`` decides samples of bytes and, with ``learn``, learns each after it has decided it.

    ``arrays``: for each projection that carries activity its weights ``(rows, neurons)`` of 16 bits, with room for ``PADDING``
    more behind them, which are read and never used, and its registers of 32, with consolidation two words of 64 each, and then
    its other fields of 16; for each feedback its signs of 32 bits; the registers of the input, ``jitter`` and ``poisson``.
    """
    functions = [_HEAD, _input_text(spec)]
    for projection in spec.forward:
        functions.append(sum_text(spec, projection))
        if isinstance(projection.synapses, Plastic):
            functions.append(sweep_text(spec, projection))
    functions.append(_error_text(spec))
    pointers = []
    for p in spec.forward:
        word = "uint32_t" if not further_fields(spec, p) else "uint64_t"
        pointers += [f"int16_t *const w_{p.name}", f"{word} *const r_{p.name}"]
        pointers += [f"int16_t *const {field}_{p.name}" for field in further_fields(spec, p)]
    pointers += [f"const int32_t *const b_{p.name}" for p in spec.feedback.values()] + ["uint32_t *const port"]
    declared = "\n    ".join(f"{pointer} = arrays[{k}];" for k, pointer in enumerate(pointers))
    body = _Lines(2)
    _sample(spec, body)
    neuron = spec.input.neuron
    pixels = neuron.height * neuron.width if isinstance(neuron, InputConfig) and neuron.height else spec.input.size
    return "".join(functions) + _RUN.format(pointers=declared, pixels=pixels, sample=body.text)


class _Lines:
    """C statements under each other, indented by the blocks around them."""

    def __init__(self, depth: int) -> None:
        self._depth, self._lines = depth, list[str]()

    def add(self, *lines: str) -> None:
        for line in lines:
            self._depth -= line.startswith("}")
            self._lines.append("    " * self._depth + line)
            self._depth += line.endswith("{")

    @property
    def text(self) -> str:
        return "\n".join(self._lines).lstrip()


def _stepped(lfsr: Lfsr, register: str) -> str:
    return f"{register} = stepped({register}, {lfsr.fresh}) & 0x7fffffff;"


def _input_text(spec: NetworkSpec) -> str:
    """Return the function that makes activities of pixels."""
    neuron, lines = spec.input.neuron, _Lines(1)
    if not isinstance(neuron, InputConfig):
        raise TypeError("the input of a network is of another rule")
    size, shift = spec.input.size, 4 + 2 * (neuron.pool.bit_length() - 1)
    if not neuron.height:
        lines.add(f"for (int32_t i = 0; i < {size}; i++) level[i] = pixels[i];")
    else:
        height, width, span = neuron.height - 2 * neuron.crop, neuron.width - 2 * neuron.crop, 2 * neuron.jitter + 1
        lines.add(f"int32_t top = {-neuron.crop}, left = {-neuron.crop};")
        if neuron.jitter:
            lines.add(
                "if (learn) {",
                f"top += (int32_t)((port[0] & 255) * {span} >> 8) - {neuron.jitter};",
                f"left += (int32_t)((port[0] >> 8 & 255) * {span} >> 8) - {neuron.jitter};",
                _stepped(JITTER, "port[0]"),
                "}",
            )
        lines.add(
            f"memset(level, 0, {size} * sizeof *level);",
            f"for (int32_t r = 0; r < {neuron.height}; r++) {{",
            "const int32_t row = r + top;",
            f"if (row < 0 || row >= {height}) continue;",
            f"for (int32_t c = 0; c < {neuron.width}; c++) {{",
            "const int32_t column = c + left;",
            f"if (column < 0 || column >= {width}) continue;",
            f"const int32_t address = row / {neuron.pool} * {width // neuron.pool} + column / {neuron.pool};",
            f"level[address] += pixels[r * {neuron.width} + c];",
            "}",
            "}",
        )
    lines.add(f"for (int32_t i = 0; i < {size}; i++) level[i] = (level[i] + {1 << (shift - 1)}) >> {shift};")
    head = "static void levels(const uint8_t *const pixels, uint32_t *const port, const int64_t learn, int32_t *const level)"
    return f"\n{head}\n{{\n    {lines.text}\n}}\n"


def _error_text(spec: NetworkSpec) -> str:
    """Return the function that makes the error of a label."""
    outputs, shift, lines = spec.output.size, spec.sample.output_shift, _Lines(1)
    if spec.sample.error == "hard":
        lines.add(f"for (int32_t k = 0; k < {outputs}; k++) error[k] = 256 * (k == label) - clip(y[k] >> {shift}, 0, 256);")
    else:
        tables = (
            f"static const int32_t exponentials[16] = {{{', '.join(map(str, EXPONENTIALS))}}};",
            f"static const int32_t reciprocals[] = {{{', '.join(map(str, reciprocals(outputs)))}}};",
        )
        lines.add(
            *tables,
            "int32_t top = y[0], sum = 0, rest = 0;",
            f"for (int32_t k = 1; k < {outputs}; k++) top = y[k] > top ? y[k] : top;",
            f"for (int32_t k = 0; k < {outputs}; k++) {{",
            f"const int64_t far = ((int64_t)top - y[k]) >> {shift};",
            "const int32_t z = far > 144 ? 144 : (int32_t)far;",
            "error[k] = exponentials[z & 15] >> (z >> 4);",
            "sum += error[k];",
            "}",
            f"for (int32_t k = 0; k < {outputs}; k++) {{",
            "error[k] = -(error[k] * reciprocals[sum >> 4] >> 8);",
            "rest -= k == label ? 0 : error[k];",
            "}",
            "error[label] = rest;",
        )
    return (
        f"\nstatic void make_error(const int32_t *const y, const int32_t label, int32_t *const error)\n{{\n    {lines.text}\n}}\n"
    )


def _sample(spec: NetworkSpec, c: _Lines) -> None:
    """Add what happens in one sample."""
    source = spec.input
    c.add(f"static int32_t level[{source.size}];", "levels(pixels, port, learn, level);")
    for p in spec.order:
        if p is not source:
            c.add(f"static int32_t i_{p.name}[{-(-p.size // 16) * 16}];  // whole vectors")
        if p is not spec.output:
            c.add(f"static int32_t a_{p.name}[{p.rows}], n_{p.name}[{p.rows}];")
        if p not in (source, spec.output):
            c.add(f"static int32_t slope_{p.name}[{p.size}];", f"memset(slope_{p.name}, 0, sizeof slope_{p.name});")
        for field in spec.state_fields(p):
            c.add(f"static int32_t {field}_{p.name}[{p.size}];", f"memset({field}_{p.name}, 0, sizeof {field}_{p.name});")
    for way in spec.forward:
        carrier = spec.populations[way.source]
        c.add(f"static int32_t total_{way.name}[{carrier.rows}];")
        if not spec.counting:
            c.add(f"memset(total_{way.name}, 0, sizeof total_{way.name});")
        if way.delay:
            c.add(f"memset(a_{way.source}, 0, {carrier.size} * sizeof *a_{way.source});")
            if carrier.neuron.bias:
                c.add(f"a_{way.source}[{carrier.size}] = {carrier.neuron.bias};")
    c.add(f"static int32_t y[{spec.output.size}];", "memset(y, 0, sizeof y);")
    if not spec.counting:
        c.add(f"for (int32_t t = 0; t < {spec.sample.timesteps}; t++) {{")
    for p in spec.order:
        _population(spec, p, c)
    if not spec.counting:
        for p in spec.order:
            if p is not spec.output:
                c.add(f"memcpy(a_{p.name}, n_{p.name}, sizeof a_{p.name});")
        c.add("}")
    c.add(
        "int32_t decision = 0;",
        f"for (int32_t k = 1; k < {spec.output.size}; k++) if (y[k] > y[decision]) decision = k;",
        "decisions[n] = decision;",
        "if (!learn) continue;",
        f"int32_t error[{spec.output.size}], largest = 0;",
        "make_error(y, labels[n], error);",
        f"for (int32_t k = 0; k < {spec.output.size}; k++) {{",
        "const int32_t size = error[k] < 0 ? -error[k] : error[k];",
        "largest = size > largest ? size : largest;",
        "}",
        f"if (largest < {spec.sample.margin}) continue;",
    )
    _learning(spec, c)


def _population(spec: NetworkSpec, p: PopulationSpec, c: _Lines) -> None:
    """Add one pass of a population: its current, its neurons, what it sends."""
    neuron, name = p.neuron, p.name
    if isinstance(neuron, InputConfig):
        _given(spec, neuron, c)
    else:
        c.add(f"memset(i_{name}, 0, sizeof i_{name});")
        for projection in spec.onto(name):
            carried = f"{'a' if projection.delay else 'n'}_{projection.source}"
            rows = spec.populations[projection.source].rows
            c.add(f"sum_{projection.name}(w_{projection.name}, {carried}, i_{name});")
            total = f"total_{projection.name}[i] {'=' if spec.counting else '+='} {carried}[i];"
            c.add(f"for (int32_t i = 0; i < {rows}; i++) {total}")
        c.add(f"for (int32_t j = 0; j < {p.size}; j++) {{", f"const int32_t current = i_{name}[j];")
        if isinstance(neuron, CountingConfig):
            top, shift = spec.sample.timesteps, neuron.threshold_shift
            c.add(
                f"n_{name}[j] = clip(current >> {shift}, 0, {top});",
                f"slope_{name}[j] = current >= 0 && current < {top << shift};",
            )
        elif isinstance(neuron, LifConfig):
            _lif(neuron, name, c)
        else:
            c.add("y[j] += current;")
        c.add("}")
    if neuron.bias and p is not spec.output:
        c.add(f"n_{name}[{p.size}] = {neuron.bias};")


def _given(spec: NetworkSpec, neuron: InputConfig, c: _Lines) -> None:
    name, each = spec.input.name, f"for (int32_t i = 0; i < {spec.input.size}; i++)"
    if neuron.code == "constant":
        c.add(f"{each} n_{name}[i] = level[i];")
    elif neuron.code == "latency":
        c.add(f"{each} n_{name}[i] = level[i] > 0 && (16 - level[i]) * {spec.sample.timesteps} >> 4 == t;")
    else:
        c.add(f"{each} {{", f"n_{name}[i] = (int32_t)(port[1] & 15) < level[i];", _stepped(POISSON, "port[1]"), "}")


def _lif(neuron: LifConfig, name: str, c: _Lines) -> None:
    top, theta = (1 << (neuron.membrane_bits - 1)) - 1, neuron.threshold
    state = f"membrane_{name}[j]"
    adaptive = isinstance(neuron, AlifConfig)
    c.add(f"int32_t v = {state};", f"v = clip(v - (v >> {neuron.leak_shift}) + current, {-top - 1}, {top});")
    if isinstance(neuron, AlifConfig):
        c.add(f"const int32_t theta = {theta} + (adaptation_{name}[j] * {neuron.adaptation_gain} >> 8);")
    else:
        c.add(f"const int32_t theta = {theta};")
    c.add("const int32_t distance = v > theta ? v - theta : theta - v;")
    slope = f"distance < {theta // 2} ? 8 : 0" if neuron.slope == "box" else f"(distance < {theta} ? {theta} - distance : 0) >> 7"
    alive = f"rest_{name}[j] ? 0 : " if adaptive else ""
    c.add(
        f"const int32_t z = {alive}v >= theta;",
        f"slope_{name}[j] += {alive}({slope});",
        f"{state} = v - {theta} * z;",
        f"n_{name}[j] = z;",
    )
    if isinstance(neuron, AlifConfig):
        a = f"adaptation_{name}[j]"
        c.add(
            f"{a} = clip({a} - ({a} >> {neuron.adaptation_shift}) + {theta} * z, 0, {(1 << neuron.adaptation_bits) - 1});",
            f"rest_{name}[j] = z;",
        )


def _learning(spec: NetworkSpec, c: _Lines) -> None:
    """Add signals, from weights as they are, then the sweeps."""
    octaves, outputs, top = spec.sample.octaves, spec.output.size, (1 << (spec.signal_bits - 1)) - 1
    for name, projection in spec.feedback.items():
        feedback, way = projection.synapses, spec.symmetric(name)
        if not isinstance(feedback, Feedback):
            raise TypeError(projection.name)
        weights = f"b_{projection.name}" if feedback.initial == "random_sign" or not way else f"w_{way.name}"
        scaled = f"sum << {feedback.gain}" if feedback.gain >= 0 else f"sum >> {-feedback.gain}"
        c.add(
            f"int32_t signal_{name}[{spec.populations[name].size}];",
            f"for (int32_t j = 0; j < {spec.populations[name].size}; j++) {{",
            f"signal_{name}[j] = 0;",
            f"if (!slope_{name}[j]) continue;",
            "int32_t sum = 0;",
            f"for (int32_t k = 0; k < {outputs}; k++) sum += {weights}[j * {outputs} + k] * error[k];",
            f"const int64_t brought = ((int64_t){scaled}) * slope_{name}[j]{'' if spec.counting else ' >> 3'};",
            f"signal_{name}[j] = (brought < {-top - 1} ? {-top - 1} : brought > {top} ? {top} : (int32_t)brought) "
            f"* (1 << ({octaves} - slower));",
            "}",
        )
    c.add(f"for (int32_t k = 0; k < {outputs}; k++) error[k] *= 1 << ({octaves} - slower);")
    for projection in spec.forward:
        if isinstance(projection.synapses, Plastic):
            signal = "error" if projection.target == spec.output.name else f"signal_{projection.target}"
            name = projection.name
            more = "".join(f"{field}_{name}, " for field in further_fields(spec, projection))
            c.add(f"sweep_{name}(w_{name}, r_{name}, {more}total_{name}, {signal});")
