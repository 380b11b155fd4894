"""Sums and sweeps of a projection as C.

Weights are 16 bits in memory. Without consolidation an update is split into what 16 bits hold:
``(p + r) >> s = (p >> s) + (((p & (2^s - 1)) + r) >> s)`` with s <= 15; the first part, clipped to more than a weight's range,
and the remainder come from a table for each activity, made when a sample first needs it; a register is 31 bits (``lfsr.Lfsr`` of
at most 28 new bits). With consolidation it is the rule's own step, printed.
"""

from ..c_text import definitions
from ..rules.three_factor import RULE
from ..term import lift, subterms, variable
from .spec import NetworkSpec, ProjectionSpec
from .synapses import Plastic, Weights

__all__ = ["further_fields", "sum_text", "sweep_text"]

# A function for each four rows: with the loop over rows around it, GCC 12 interchanges loops and makes no vectors.
_SUM = """
__attribute__((noinline)) static void add_{name}(int32_t *restrict const current, const int16_t *restrict const r0,
    const int16_t *restrict const r1, const int16_t *restrict const r2, const int16_t *restrict const r3,
    const {product} a0, const {product} a1, const {product} a2, const {product} a3)
{{
    for (int32_t j = 0; j < {padded_neurons}; j++) {{
        const {product} p0 = a0 * r0[j], p1 = a1 * r1[j], p2 = a2 * r2[j], p3 = a3 * r3[j];
        current[j] += (int32_t)p0 + p1 + p2 + p3;
    }}
}}
static void sum_{name}(const int16_t *const w, const int32_t *const activity, int32_t *const current)
{{
    static int32_t active[{rows} + 4];
    int32_t count = 0;
    for (int32_t i = 0; i < {rows}; i++) {{
        active[count] = i;
        count += activity[i] != 0;
    }}
    for (int32_t k = 0; k < count; k += 4) {{
        const int16_t *row[4];
        {product} a[4];
        for (int32_t n = 0; n < 4; n++) {{
            row[n] = w + (k + n < count ? active[k + n] : 0) * {neurons};
            a[n] = k + n < count ? activity[active[k + n]] : 0;
        }}
        add_{name}(current, row[0], row[1], row[2], row[3], a[0], a[1], a[2], a[3]);
    }}
}}
"""

# Lanes beyond those there are, up to the next 16, are worked out and not stored.
_SWEEP = """
static void sweep_{name}(int16_t *const w, uint32_t *const registers, const int32_t *const activity, const int32_t *const signal)
{{
    static int16_t whole[{tables}][{neurons} + 16];
    static uint16_t part[{tables}][{neurons} + 16];
    static int32_t made[{tables}];
    memset(made, 0, sizeof made);
    uint32_t s[{padded}] = {{0}};
    memcpy(s, registers, {lanes} * sizeof *s);
    for (int32_t i = 0; i < {rows}; i++) {{
        const int32_t a = activity[i];
        if (!a) continue;
        const int32_t table = a % {tables};
        if (made[table] != a) {{
            made[table] = a;
            for (int32_t j = 0; j < {neurons}; j++) {{
                const int32_t drive = signal[j] * a;
                whole[table][j] = (int16_t)clip(drive >> {shift}, -16384, 16383);
                part[table][j] = (uint16_t)(drive & {mask});
            }}
        }}
        for (int32_t low = 0; low < {neurons}; low += {lanes}) {{
            int16_t *restrict const row = w + i * {neurons} + low;
            const int16_t *restrict const q = whole[table] + low;
            const uint16_t *restrict const f = part[table] + low;
            int16_t next[{padded}];
            for (int32_t p = 0; p < {padded}; p++) {{
                const int16_t up = (uint16_t)(f[p] + (s[p] & {mask})) >> {shift};
                const int16_t moved = row[p] + q[p] + up, above = moved < {low} ? {low} : moved;
                next[p] = above > {high} ? {high} : above;
            }}
            memcpy(row, next, {lanes} * sizeof *row);
            for (int32_t p = 0; p < {padded}; p++) s[p] = stepped(s[p], {shift});
        }}
    }}
    for (int32_t p = 0; p < {lanes}; p++) registers[p] = s[p] & 0x7fffffff;
}}
"""

# With consolidation: the noise of a row, then the rule's own step for each of its synapses, which a compiler makes vectors of.
_SWEEP_ANY = """
static void sweep_{name}(int16_t *const w, uint64_t *const registers, {parameters}const int32_t *const activity,
    const int32_t *const signal)
{{
    typedef {value} value;
    typedef {register} bits;
    bits s[{lanes}];
    static value {drawn};
    for (int32_t p = 0; p < {lanes}; p++) s[p] = {load};
    for (int32_t i = 0; i < {rows}; i++) {{
        const value a = activity[i];
        if (!a && {listed}) continue;
        for (int32_t low = 0; low < {neurons}; low += {lanes}) {{
            for (int32_t p = 0; p < {lanes}; p++) {{
                const bits state = s[p];
                {noise}
            }}
        }}
        {row}
        for (int32_t j = 0; j < {neurons}; j++) {{
            {update}
        }}
    }}
    for (int32_t p = 0; p < {lanes}; p++) {{
        {store}
    }}
}}
"""


def sum_text(spec: NetworkSpec, projection: ProjectionSpec) -> str:
    """Return ``sum_NAME(w, activity, current)``, which adds up the currents; it works on whole vectors of 16 neurons."""
    return _SUM.format(**_sizes(spec, projection))


def sweep_text(spec: NetworkSpec, projection: ProjectionSpec) -> str:
    """Return ``sweep_NAME(w, registers, further fields..., activity, signal)``, which lets a plastic projection learn."""
    return _any(spec, projection) if further_fields(spec, projection) else _plain(spec, projection)


def _sizes(spec: NetworkSpec, projection: ProjectionSpec) -> dict[str, int | str]:
    neurons = spec.populations[projection.target].size
    source, weights = spec.populations[projection.source], projection.synapses
    if not isinstance(weights, Weights):
        raise TypeError(projection.name)
    short = spec.step_maximum(source) << (weights.weight_bits - 1) <= 1 << 15
    return {
        "name": projection.name,
        "rows": source.rows,
        "neurons": neurons,
        "padded_neurons": -(-neurons // 16) * 16,
        "product": "int16_t" if short else "int32_t",
    }


def _plain(spec: NetworkSpec, projection: ProjectionSpec) -> str:
    weights, config = projection.synapses, spec.rule_config(projection)
    if not isinstance(weights, Plastic):
        raise TypeError(projection.name)
    top, shift = 1 << (weights.weight_bits - 1), config.learning_shift
    sizes, source = _sizes(spec, projection), spec.populations[projection.source]
    lanes = weights.lanes
    return _SWEEP.format(
        **sizes,
        lanes=lanes,
        padded=-(-lanes // 16) * 16,
        tables=min(1 << spec.activity_bits(source), 64),
        shift=shift,
        mask=(1 << shift) - 1,
        low=-top,
        high=top - 1,
    )


def further_fields(spec: NetworkSpec, projection: ProjectionSpec) -> list[str]:
    """Return what the synapses of a projection keep beside their weight."""
    if not isinstance(projection.synapses, Plastic):
        return []
    return [f.name for f in RULE.spec(spec.rule_config(projection)).state if f.name != "weight"]


def _any(spec: NetworkSpec, projection: ProjectionSpec) -> str:
    """Return the sweep of a projection with consolidation, its update printed from the rule's step."""
    config, synapses = spec.rule_config(projection), projection.synapses
    rule = RULE.spec(config)
    if not isinstance(synapses, Plastic) or rule.lfsr is None:
        raise TypeError(projection.name)
    places = {f.name: f"row_{f.name}[j]" for f in rule.state}
    state = {f.name: variable(places[f.name], f.minimum, f.maximum) for f in rule.state}
    names = {"activity": "a", "signal": "signal[j]"}
    inputs = {f.name: variable(names[f.name], f.minimum, f.maximum) for f in rule.synapse_inputs}
    inputs |= {f.name: variable(f"{f.name}[j]", f.minimum, f.maximum) for f in rule.noise}
    inputs |= {f.name: lift(0) for f in rule.step_inputs}
    after, _ = RULE.step(config, state, inputs)
    results = {name: lift(value) for name, value in after.items()}
    terms = subterms(results.values())
    width = 32 if max(term.bits for term in terms) <= 32 else 64
    symbols, lines = definitions(terms, width)
    lines += [f"const int16_t next_{name} = (int16_t){symbols[id(term)]};" for name, term in results.items()]
    lines += [f"{places[name]} = next_{name};" for name in results]
    noise, low = list[str](), 0
    for f in rule.noise:
        noise.append(f"{f.name}[low + p] = (value)(state >> {low} & {f.maximum});")
        low += f.bits
    (n, k), fresh, long = rule.lfsr.taps, rule.lfsr.fresh, rule.lfsr.bits > 64
    noise.append(f"const bits fresh = (state >> {n - fresh}) ^ (state >> {k - fresh} & (((bits)1 << {fresh}) - 1));")
    noise.append(f"s[p] = (state << {fresh} | fresh) & (((bits)1 << {n}) - 1);")
    store = ["registers[2 * p] = (uint64_t)s[p];"] + ["registers[2 * p + 1] = (uint64_t)(s[p] >> 64);"] * long
    arrays = {f.name: "w" if f.name == "weight" else f.name for f in rule.state}
    sizes = _sizes(spec, projection)
    neurons = sizes["neurons"]
    rows = [f"int16_t *restrict const row_{name} = {array} + i * {neurons};" for name, array in arrays.items()]
    return _SWEEP_ANY.format(
        **sizes,
        lanes=synapses.lanes,
        value=f"int{width}_t",
        listed=int(not config.kind.pulls),
        register="unsigned __int128" if long else "uint64_t",
        drawn=", ".join(f"{f.name}[{neurons}]" for f in rule.noise),
        load="(bits)registers[2 * p + 1] << 64 | registers[2 * p]" if long else "registers[2 * p]",
        noise=("\n" + 16 * " ").join(noise),
        row=("\n" + 8 * " ").join(rows),
        update=("\n" + 12 * " ").join(lines),
        store=("\n" + 8 * " ").join(store),
        parameters="".join(f"int16_t *const {name}, " for name in further_fields(spec, projection)),
    )
