"""``sc-hw fit`` and ``sc-hw emit --network``: what they learn, leave and refuse; killed, resumed, the same bytes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sc_hw_models.networks import NetworkModel, read_network
from sc_hw_models.rules.three_factor import RULE
from tests.npz import read_arrays
from tests.refusals import refused

EXAMPLES = Path(__file__).parents[2] / "examples" / "networks"
DIGITS = str(EXAMPLES / "digits.toml")
FILES = {"fit.json", "checkpoint.npz", "state.npz", "curves.svg"}


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    """Run a command line in a folder with the digits as bytes in ``d.npz``; return exit status, stdout and stderr."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    np.savez(tmp_path / "d.npz", X=np.minimum(pixels * 16, 255).astype(np.uint8), y=labels)
    monkeypatch.chdir(tmp_path)
    return sc_hw


def test_it_learns_digits_and_says_so(run, tmp_path):
    status, out, err = run("fit", DIGITS, "--passes", "6", "-o", "new", "--json", "record.json")
    assert status == 0, err
    record = json.loads((tmp_path / "new" / "fit.json").read_text())
    assert {path.name for path in (tmp_path / "new").iterdir()} == FILES
    assert json.loads((tmp_path / "record.json").read_text()) == record
    assert record["accuracy"] > 0.95
    assert [row["slower"] for row in record["curves"]] == [0, 0, 0, 1, 2, 3]  # of the last stretch of each pass
    assert "1347 samples to learn, 6 passes, 450 held out (its test part), seed 1" in out
    assert f"{100 * record['accuracy']:.2f} % after 6" in out
    svg = (tmp_path / "new" / "curves.svg").read_text()
    assert re.search(r"held out, learning off", svg)
    state = read_arrays(tmp_path / "new" / "state.npz")
    assert int(state["samples"]) == 6 * 1347


def test_a_frozen_hidden_layer_learns_less(run, tmp_path):
    """The control: the hidden weights of a run move only where they learn, and that they do is worth something."""
    text = Path(DIGITS).read_text()
    plastic = '[projection.in]\nfrom = "input"\nto = "hidden"\nrule = "three_factor"\nsignal = "feedback"\nlearning_shift = 11\n'
    assert plastic in text
    frozen = text.replace(plastic, '[projection.in]\nfrom = "input"\nto = "hidden"\nrule = "static"\n')
    (tmp_path / "small.toml").write_text(text.replace("size = 128", "size = 32"))
    (tmp_path / "frozen.toml").write_text(frozen.replace("size = 128", "size = 32"))
    scores = {}
    for name in ("small", "frozen"):
        assert run("fit", f"{name}.toml", "--passes", "6", "-o", name)[0] == 0
        scores[name] = json.loads((tmp_path / name / "fit.json").read_text())["accuracy"]
        weights = read_arrays(tmp_path / name / "state.npz")["in.weight"]
        assert (np.abs(weights).max() > 50) == (name == "small")
    assert scores["small"] > scores["frozen"] + 0.03


def test_killed_and_resumed_it_ends_in_the_same_bytes(run, tmp_path):
    options = ("fit", DIGITS, "--data", "d.npz", "--held-out", "20", "--passes", "20")
    assert run(*options, "-o", "whole")[0] == 0
    folder = tmp_path / "killed"
    for _ in range(2):
        resume = ["--resume"] if folder.exists() else []
        running = subprocess.Popen(
            [sys.executable, "-m", "sc_hw", *options, "-o", str(folder), *resume], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        start = (folder / "checkpoint.npz").read_bytes() if resume else b""
        while running.poll() is None and (not folder.exists() or (folder / "checkpoint.npz").read_bytes() in (b"", start)):
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.communicate()
    (folder / ".fit.json.0123456789abcdef").write_text("half")
    assert run(*options, "-o", str(folder), "--resume")[0] == 0
    for name in FILES:
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert {path.name for path in folder.iterdir()} == FILES
    refused(run(*options[:-1], "41", "-o", str(folder), "--resume"), "written with another passes", "--force")
    refused(run(*options, "-o", str(folder)), "exists")
    refused(run(*options, "-o", str(folder), "--resume", "--force"), "leave out one of the two")
    shutil.copy(tmp_path / "d.npz", folder / "theirs.npz")
    refused(run(*options, "-o", str(folder), "--force"), "holds theirs.npz")


def test_every_form_of_data_gives_the_same(run, tmp_path):
    digits = read_arrays("d.npz")
    pixels, labels = digits["X"][:300], digits["y"][:300]
    names = [f"p{k}" for k in range(64)]
    rows = [",".join(map(str, [*x, y])) for x, y in zip(pixels.tolist(), labels.tolist(), strict=True)]
    (tmp_path / "d.csv").write_text("\n".join([",".join([*names, "label"]), *rows]) + "\n")
    np.savez(tmp_path / "small.npz", x=pixels.reshape(-1, 8, 8), labels=labels.astype(np.uint8))
    digests = []
    for number, source in enumerate(("d.csv", "small.npz")):
        status, out, err = run("fit", DIGITS, "--data", source, "--held-out", "10", "--passes", "1", "-o", f"o{number}")
        assert status == 0, out + err
        digests.append(json.loads((tmp_path / f"o{number}" / "fit.json").read_text())["state_sha256"])
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--data", "d.npz"), ("--held-out PERCENT", "no test part")),
        (("--data", "none.npz"), ("--data none.npz", "cannot be read")),
        (("--data", "text.csv"), ("text.csv", "column label")),
        (("--data", "floats.npz", "--held-out", "10"), ("float64", "bytes")),
        (("--data", "wide.npz", "--held-out", "10"), ("samples of 4 pixels", "takes 64", "[population.input]")),
        (("--data", "classes.npz", "--held-out", "10"), ("12 classes", "decides between 10", "[population.output]")),
        (("--data", "few.npz", "--held-out", "10"), ("--held-out 10", "of 5 samples")),
        (("--passes", "0"), ("--passes",)),
        (("--held-out", "91"), ("--held-out",)),
    ],
)
def test_data_that_do_not_fit_are_refused_before_anything_is_written(run, tmp_path, options, parts):
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    np.savez(tmp_path / "floats.npz", X=np.zeros((20, 64)), y=np.zeros(20, int))
    np.savez(tmp_path / "wide.npz", X=np.zeros((20, 4), np.uint8), y=np.zeros(20, int))
    np.savez(tmp_path / "classes.npz", X=np.zeros((20, 64), np.uint8), y=np.arange(20) % 12)
    np.savez(tmp_path / "few.npz", X=np.zeros((5, 64), np.uint8), y=np.zeros(5, int))
    refused(run("fit", DIGITS, *options, "-o", "out"), *parts)
    assert not (tmp_path / "out").exists()


BAD_FILES = {
    "cycle": (
        '[population.hidden]\nsize = 8\nrule = "lif"\n[projection.again]\nfrom = "hidden"\nto = "hidden"\nrule = "static"\n',
        "a cycle without delay, hidden <- hidden",
    ),
    "lanes": (
        '[population.hidden]\nsize = 8\nrule = "lif"\n[projection.more]\nfrom = "input"\nto = "hidden"\nrule = "static"\n'
        "lanes = 3\n",
        "[projection.more] lanes=3: do not divide the 8 neurons",
    ),
    "lacking": (
        '[population.hidden]\nsize = 8\nrule = "lif"\n[projection.more]\nfrom = "input"\nto = "hidden"\n'
        'rule = "three_factor"\nsignal = "feedback"\n',
        "[projection.more] rule='three_factor': lacks its input signal",
    ),
    "rule": ('[population.hidden]\nsize = 8\nrule = "adex"\n', "[population.hidden] rule='adex': unknown; allowed are input"),
    "key": ('[population.hidden]\nsize = 8\nrule = "lif"\ntau = 3\n', "[population.hidden] 'tau': unknown; allowed are"),
    "toml": ("[population\n", "not valid TOML"),
    "large": (f"[network]\nseed = {2**70}\n", "integer of 71 bits"),
}
BASE = (
    '[population.input]\nsize = 4\nrule = "input"\n[population.output]\nsize = 2\nrule = "readout"\n'
    '[projection.out]\nfrom = "input"\nto = "output"\nrule = "three_factor"\n'
)


@pytest.mark.parametrize("verb", ["fit", "emit"])
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_is_no_network_is_one_line(run, tmp_path, verb, case):
    text, part = BAD_FILES[case]
    (tmp_path / "bad.toml").write_text(BASE + text)
    arguments = ("fit", "bad.toml") if verb == "fit" else ("emit", "--network", "bad.toml")
    refused(run(*arguments, "-o", "out"), "bad.toml", part)
    assert not (tmp_path / "out").exists()


def test_emitted_descriptions_hold_what_the_model_starts_from(run, tmp_path):
    status, out, err = run("emit", "--network", DIGITS, "-o", "net")
    assert status == 0, err
    assert "9 blocks, verilog" in out
    manifest = json.loads((tmp_path / "net" / "manifest.json").read_text())
    spec = read_network({**_toml(DIGITS)})
    model, initial = NetworkModel(spec), read_arrays(tmp_path / "net" / "initial.npz")
    for name, memory in model.memories.items():
        assert (initial[f"{name}.weight"] == memory.state["weight"]).all()
        told = manifest["projections"][name]["memory"]
        assert told["registers"]["seeds"] == memory.registers
        assert told["registers"]["fresh"] == sum(f.bits for f in RULE.spec(memory.config).noise)
        assert told["rows"] * told["words_a_row"] * told["lanes"] == memory.state["weight"].size
    refused(run("emit", "--network", DIGITS, "-o", "net"), "exists")
    refused(run("emit", "--network", DIGITS, "--synapses", "4", "-o", "other"), "--synapses", "all of a network")
    for option, value in {
        "--lanes": "4",
        "--runtime": "x",
        "--clock": "90",
        "--datapath": "hand",
        "--set": "a=1",
        "--from": "d",
    }.items():
        refused(run("emit", "--network", DIGITS, option, value, "-o", "other"), f"{option}: is of a core", "all of a network")
    refused(run("replay", "net"), "a network, which this verb does not take yet")
    before = (tmp_path / "net" / "manifest.json").read_bytes()
    assert run("emit", "--network", DIGITS, "-o", "net", "--force")[0] == 0
    assert (tmp_path / "net" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_a_network(path):
    assert NetworkModel(read_network(_toml(path))).spec.output.size == 10


def _toml(path):
    import tomllib

    return tomllib.loads(Path(path).read_text())


def test_a_compiler_that_fails_is_a_tool_that_failed(run, tmp_path, monkeypatch):
    (tmp_path / "cxx").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "cxx").chmod(0o755)
    monkeypatch.setenv("CXX", str(tmp_path / "cxx"))
    status, _, err = run("fit", DIGITS, "-o", "out")
    assert status == 1
    assert len(err.strip().splitlines()) == 1
    assert "exit status 1" in err
    monkeypatch.setenv("CXX", "none-of-that-name")
    status, out, err = run("fit", DIGITS, "--data", "d.npz", "--held-out", "90", "--passes", "1", "-o", "out")
    assert status == 0, err
    assert "not compiled" in out


def test_a_home_that_cannot_be_written_is_no_word_on_the_terminal(tmp_path):
    """Matplotlib says three lines of it, and does without."""
    program = "from sc_hw.fit.curves import require_matplotlib; require_matplotlib()"
    environment = {**os.environ, "HOME": "/proc", "TMPDIR": str(tmp_path)}
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())
