"""Rules of files of their own: begun, looked through, emitted; every mistake is a line with file and line, and status 2."""

import json
import os
import re

import pytest

from sc_hw.rule.new import new_rule
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError
from sc_hw_models.rule_file import add_rule_file, rule_files


@pytest.fixture
def begun(tmp_path):
    """The file that ``rule new`` writes."""
    path = tmp_path / "mine.py"
    new_rule("mine", path, force=False)
    return path


def line_of(path, text):
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def changed(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_begun_rule_is_well_formed_and_says_what_it_costs(sc_hw, begun):
    status, out, err = sc_hw("rule", "check", begun)
    assert (status, err) == (0, "")
    assert re.search(r"rule mine is well formed: 1 preset, state weight 12, trace 10\n", out)
    assert re.search(
        r"cost on ecp5-25k: \d+ stages? at \d+ MHz, \d+ register bits, \d+ bits of adders, 0 multipliers, "
        r"22 state bits a synapse\n",
        out,
    )


FIELD = '            Field(name="trace"'  # what a field more is put before

# What is written instead of what, what marks the line that the message must name, and the message.
MISTAKES = {
    "if on data": (
        "    trace = select(pre, full, decayed)",
        "    trace = full if pre else decayed",
        "trace = full if",
        "must not branch on a value; it uses select instead of if",
    ),
    "no outputs": ("        outputs=(", "        outputs=() and (", "def spec(config)", "the rule has no outputs: a core keeps"),
    "no state": ("        state=(", "        state=() and (", "def spec(config)", "the rule has no state: a core keeps"),
    "while on data": ("    depression = select", "    while pre: pass\n    depression = select", "while pre", "must not branch"),
    "and of data": ("select(post, asr", "select(post and pre, asr", "post and pre", "must not branch"),
    "float": ("select(pre, config.depression, 0)", "select(pre, 0.5, 0)", "0.5", "0.5: a step on terms takes terms and ints"),
    "float product": ("asr(decayed, config.gain_shift)", "asr(decayed * 1.5, 0)", "1.5", "1.5: a step on terms takes"),
    "unbounded width": (
        "    weight = clip(",
        "    grown = state['weight'] * (1 << 60)\n    weight = clip(grown + ",
        "grown =",
        "grown is unbounded: it needs 73 bits; allowed are 63",
    ),
    "field outside its width": ("weight = clip(state", "weight = (state", 'name="weight"', "the step gives weight=-"),
    "field never used": (
        FIELD,
        f'            Field(name="spare", bits=3),\n{FIELD}',
        'name="spare"',
        "field spare is never used",
    ),
    "input never used": (
        'Field(name="post_spike"',
        'Field(name="extra", bits=2),\nField(name="post_spike"',
        'name="extra"',
        "field extra is never used",
    ),
    "not deterministic": (
        "    full = (1",
        "    from random import getrandbits\n    full = getrandbits(9) + (1",
        "from random",
        "imports a module, so that it is no function",
    ),
    "two inputs of one name": (
        '"post_spike"',
        '"pre_spike"',
        "def spec",
        "two of its fields (state, input or noise) are called pre_spike",
    ),
    "an input called as a state": ('Field(name="post_spike"', 'Field(name="trace"', "def spec", "are called trace"),
    "two outputs of one name": (
        "        outputs=(",
        '        outputs=(Field(name="weight", bits=config.weight_bits), ',
        "def spec",
        "two of its fields (output) are called weight",
    ),
    "no such field": ('inputs["post_spike"]', 'inputs["spike"]', 'inputs["spike"]', "KeyError"),
    "division": ("asr(decayed, config.gain_shift)", "decayed // 8", "decayed // 8", "unsupported operand"),
    "width out of range": ("bits=config.trace_bits", "bits=99", "def spec", "trace.bits=99: out of range; allowed are"),
    "spec that fails": ("    return RuleSpec(", "    1 / 0\n    return RuleSpec(", "1 / 0", "ZeroDivisionError"),
    "syntax": ("    pre, post = ", "    pre, post == = ", "pre, post ==", "invalid syntax"),
    "import": ("from typing import", "import nowhere_at_all\nfrom typing import", "nowhere_at_all", "ModuleNotFoundError"),
    "no rule": ("RULE = ", "SOMETHING = ", '"""mine', "RULE is nothing"),
    "our name": ('RULE = Rule(name="mine"', 'RULE = Rule(name="r_stdp"', "RULE = ", "name 'r_stdp': allowed are"),
    "default outside its range": ("weight_bits: int = 12", "weight_bits: int = 40", "RULE = ", "weight_bits=40: out of range"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_file_and_line(sc_hw, begun, mistake):
    old, new, mark, message = MISTAKES[mistake]
    changed(begun, old, new)
    if mistake == "field outside its width":
        changed(begun, "depression, 0, (1 << config.weight_bits) - 1)", "depression)")
    if mistake == "field never used":  # kept as it is
        changed(begun, '"trace": trace}', '"trace": trace, "spare": state["spare"]}')
    status, out, err = sc_hw("rule", "check", begun)
    said = (out + err.removeprefix("sc-hw: ")).splitlines()
    assert status == 2
    assert len(said) == 1, said
    assert said[0].startswith(f"{begun}:{line_of(begun, mark)}: "), said
    assert message in said[0]


@pytest.mark.parametrize("name", ["valid", "ready"])
def test_an_input_called_as_a_port_of_its_stream_is_refused(sc_hw, begun, tmp_path, name):
    begun.write_text(begun.read_text().replace('"post_spike"', f'"{name}"'))
    for verb in (("rule", "check", begun), ("emit", "--rule", begun, "--synapses", 4, "-o", tmp_path / "core")):
        status, _, err = sc_hw(*verb)
        assert (status, err.count("\n")) == (2, 1)
        assert f"would be a second port event_{name}; give it another name than {name}" in err
    assert not (tmp_path / "core").exists()


def test_emit_takes_a_rule_from_anywhere_and_refuses_what_check_refuses(sc_hw, begun, tmp_path):
    status, out, _ = sc_hw("emit", "--rule", begun, "--synapses", 4, "-o", tmp_path / "core")
    assert status == 0
    assert "4 synapses of mine" in out
    manifest = json.loads((tmp_path / "core/manifest.json").read_text())
    assert manifest["datapath"]["kind"] == "compiled"
    assert len(manifest["datapath"]["rule_sha256"]) == 64
    changed(begun, "trace = select(pre, full, decayed)", "trace = full if pre else decayed")
    status, out, err = sc_hw("emit", "--rule", begun, "--synapses", 4, "-o", tmp_path / "other")
    assert (status, out) == (2, "")
    assert f"{begun}:{line_of(begun, 'trace = full')}: a step must not branch" in err
    assert not (tmp_path / "other").exists()


def test_a_core_needs_the_file_that_it_was_emitted_from(sc_hw, begun, tmp_path, monkeypatch):
    sc_hw("emit", "--rule", begun, "--synapses", 4, "-o", tmp_path / "core")
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv("SC_HW_RULE_FILES", "")
    status, _, err = sc_hw("files", tmp_path / "core")
    assert status == 2
    assert "rule 'mine' comes from a file of its own" in err
    assert err.rstrip().endswith("give that file: --rule FILE.py")
    assert sc_hw("files", tmp_path / "core", "--rule", begun)[0] == 0
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    changed(begun, "potentiation by a trace", "something else")
    status, _, err = sc_hw("files", tmp_path / "core", "--rule", begun)
    assert status == 2
    assert "is not the file that this core was emitted from" in err


def test_a_rule_in_an_emitted_folder_is_not_run(sc_hw, begun, tmp_path):
    sc_hw("emit", "--synapses", 4, "-o", tmp_path / "core")
    place = tmp_path / "core/results"
    place.mkdir()
    (place / "mine.py").write_text("raise SystemExit('was run')")
    status, out, err = sc_hw("emit", "--rule", place / "mine.py", "--synapses", 4, "-o", tmp_path / "other")
    assert (status, out) == (2, "")
    assert "which sc-hw emitted; what is emitted is never run" in err
    (tmp_path / "link.py").symlink_to(place / "mine.py")
    assert "never run" in sc_hw("rule", "check", tmp_path / "link.py")[2]
    manifest = tmp_path / "core/manifest.json"
    manifest.write_text(manifest.read_text() + " " * (1 << 20))  # a network's may be as long
    assert "never run" in sc_hw("rule", "check", place / "mine.py")[2]


def test_a_queue_beside_a_rule_is_not_waited_for(sc_hw, begun):
    os.mkfifo(begun.parent / "manifest.json")
    assert sc_hw("rule", "check", begun)[0] == 0


def test_two_files_of_one_name_are_refused(begun, tmp_path):
    add_rule_file(begun)
    other = tmp_path / "other.py"
    other.write_text(begun.read_text())
    with pytest.raises(ConfigError, match=rf"^{other}:\d+: rule 'mine' is that of {begun} already"):
        add_rule_file(other)


def test_a_process_that_is_started_finds_the_rules_by_the_environment(begun, monkeypatch):
    add_rule_file(begun)
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    assert rule_files().keys() == {"mine"}
    assert get_rule("mine").name == "mine"


@pytest.mark.parametrize("name", ["Upper", "r_stdp", "a__b", "x" * 41, "../up", ""])
def test_a_name_that_cannot_be_is_refused(sc_hw, tmp_path, name):
    status, out, err = sc_hw("rule", "new", name, "-o", tmp_path / "x.py")
    assert (status, out) == (2, "")
    assert "not a name for a rule" in err
    assert not (tmp_path / "x.py").exists()


def test_a_file_that_is_there_is_kept(sc_hw, begun):
    before = begun.read_text()
    status, _, err = sc_hw("rule", "new", "mine", "-o", begun)
    assert status == 2
    assert "is there already" in err
    assert begun.read_text() == before
    assert sc_hw("rule", "new", "other", "-o", begun, "--force")[0] == 0
    begun.write_text("print('mine')\n")
    status, _, err = sc_hw("rule", "new", "other", "-o", begun, "--force")
    assert status == 2
    assert "not a rule's file" in err
    assert begun.read_text() == "print('mine')\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--clock", 100], "--clock 100.0: is of a compiled datapath"),
        (["--datapath", "compiled", "--clock", 100, "--latency", 3], "each follows from the other"),
        (["--datapath", "compiled", "--latency", 0.5], "not a valid integer"),
        (["--datapath", "compiled", "--latency", -1], "out of range; allowed are 1..64"),
        (["--datapath", "compiled", "--latency", 65], "out of range; allowed are 1..64"),
        (["--datapath", "compiled", "--clock", 400], "one operation takes 5.3 ns on ecp5-25k"),
        (["--datapath", "compiled", "--clock", 5000], "allowed are 1..1000 MHz"),
        (["--datapath", "compiled", "--clock", "nan"], "allowed are 1..1000 MHz"),
        (["--datapath", "compiled", "--device", "nothing"], "'nothing': unknown; allowed are"),
        (["--datapath", "compiled", "--device", "xc7a35t"], "no delays to compile for"),
        (["--datapath", "both"], "'both' is not one of"),
    ],
)
def test_options_that_cannot_be_are_one_line(sc_hw, tmp_path, options, message):
    status, out, err = sc_hw("emit", "--synapses", 4, "-o", tmp_path / "core", *options)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert message in err
    assert not (tmp_path / "core").exists()


def test_a_hand_datapath_of_a_file_is_refused(sc_hw, begun, tmp_path):
    status, _, err = sc_hw("emit", "--rule", begun, "--datapath", "hand", "--synapses", 4, "-o", tmp_path / "core")
    assert status == 2
    assert "nobody wrote one" in err
