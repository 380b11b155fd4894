"""The counting form written a second time, in loops over plain integers, from its equations alone (docs/networks.md)."""

from sc_hw_models.lfsr import Lfsr, lane_seed

__all__ = ["Counting"]


class Counting:
    """One hidden layer with symmetric or random feedback; weights as lists, registers as integers."""

    def __init__(self, spec, weights, values, signs):
        self.spec, self.w, self.v, self.b = spec, weights, values, signs
        self.registers = {}
        for name, projection in spec.projections.items():
            if not projection.is_feedback:
                fresh = projection.synapses.learning_shift + spec.sample.octaves
                number = 2 + list(spec.projections).index(name)
                seeds = [lane_seed(spec.seed * 256 + number, lane, 31) for lane in range(projection.synapses.lanes)]
                self.registers[name] = (fresh, seeds)

    def noise(self, name, lane):
        fresh, registers = self.registers[name]
        if not fresh:
            return 0
        word = registers[lane] % 2**fresh
        registers[lane] = Lfsr(fresh).step(registers[lane])
        return word

    def learn(self, name, weights, activity, signal, slower):
        projection, octaves = self.spec.projections[name], self.spec.sample.octaves
        shift, lanes = projection.synapses.learning_shift + octaves, projection.synapses.lanes
        top = 2 ** (projection.synapses.weight_bits - 1)
        for i, x in enumerate(activity):
            if x == 0:
                continue
            for j in range(len(weights[i])):
                change = (signal[j] * 2 ** (octaves - slower) * x + self.noise(name, j % lanes)) // 2**shift
                weights[i][j] = max(-top, min(top - 1, weights[i][j] + change))

    def sample(self, x, label, slower):
        """Learn one sample of activities and return the decision before that."""
        spec = self.spec
        hidden, timesteps = spec.populations["hidden"], spec.sample.timesteps
        x = [*x, spec.input.neuron.bias] if spec.input.neuron.bias else list(x)
        a = [sum(x[i] * self.w[i][j] for i in range(len(x))) for j in range(hidden.size)]
        step = 2**hidden.neuron.threshold_shift
        c = [max(0, min(timesteps, value // step)) for value in a]
        m = [int(0 <= value < timesteps * step) for value in a]
        c = [*c, hidden.neuron.bias] if hidden.neuron.bias else c
        y = [sum(c[j] * self.v[j][k] for j in range(len(c))) for k in range(spec.output.size)]
        decision = y.index(max(y))
        z = [(max(y) - value) // 2**spec.sample.output_shift for value in y]
        exponentials = [round(256 * 2 ** (-(n % 16) / 16)) // 2 ** (n // 16) for n in z]
        reciprocal = round(4096 / max(16, sum(exponentials) // 16))
        p = [value * min(256, reciprocal) // 256 for value in exponentials]
        e = [-value for value in p]
        e[label] = sum(p) - p[label]
        if max(map(abs, e)) < spec.sample.margin:
            return decision
        gain = spec.projections["back"].synapses.gain
        back = self.b or self.v
        brought = [sum(back[j][k] * e[k] for k in range(len(e))) for j in range(hidden.size)]
        top = 2 ** (15 - spec.sample.octaves)
        signal = [
            max(-top, min(top - 1, m[j] * (brought[j] * 2**gain if gain >= 0 else brought[j] // 2**-gain)))
            for j in range(hidden.size)
        ]
        self.learn("out", self.v, c, e, slower)
        self.learn("in", self.w, x, signal, slower)
        return decision
