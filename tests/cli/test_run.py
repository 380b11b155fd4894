"""A verdict belongs to one request: runs take turns, what ran is what was asked, and what a run leaves appears whole."""

import json
import os
import shutil
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest

from sc_hw.folder import turn
from sc_hw.manifest import load_core
from sc_hw.run import begin
from sc_hw.sim.simulate import SimulationError, simulate
from tests.concurrent import prepare, rounds
from tests.daily import check, few


@check("python -m tests.concurrent does it for every verb; that a run waits for another is seen in every run")
@pytest.mark.parametrize("verb", few(["report", "sim", "prove"], 1, "python -m tests.concurrent does it for every verb"))
def test_two_at_once_say_what_each_says_alone(verb, tmp_path):
    rounds(verb, 1, tmp_path)


def test_a_run_waits_with_one_line(make_core, capsys):
    core, order = make_core(synapses=4), []

    def wait():
        with begin("synth", core.folder):
            order.append("second")

    with turn(core.folder):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert capsys.readouterr().err == f"{core.folder}: another sc-hw works on it; waiting for its end\n"


def test_several_folders_are_locked_in_one_order(make_core, tmp_path):
    """Two runs that name two folders the other way round do not wait for each other for ever; a folder twice is one."""
    first, second = (make_core(synapses=4, name=name).folder for name in ("one", "two"))
    done = []

    def work(*folders):
        for _ in range(8):
            with begin("sim", *folders):
                pass
        done.append(folders)

    threads = [threading.Thread(target=work, args=folders, daemon=True) for folders in ((first, second), (second, first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 2
    assert not (first / "results").exists()


def test_what_a_run_leaves_appears_whole(make_core):
    core = make_core(synapses=4)
    results = core.folder / "results"
    left = results / ".run-of-a-killed-one"
    left.mkdir(parents=True)
    for number in (1, 2):
        with begin("sim", core.folder) as run:
            assert not left.exists()
            (run.files / f"{number}.txt").write_text("whole")
            assert [path.name for path in results.iterdir() if not path.name.startswith(".")] == (
                [] if number == 1 else ["sim", "sim.json"]
            )
            run.publish([{"verb": "sim", "verdict": "pass", "log": str(run.files / "x.log"), "list": [f"{run.files}/y"]}])
        record = json.loads((results / "sim.json").read_text())
        assert (record["log"], record["list"]) == (str(results / "sim" / "x.log"), [str(results / "sim" / "y")])
        assert sorted(str(path.relative_to(results)) for path in results.rglob("*")) == ["sim", "sim.json", f"sim/{number}.txt"]
    with pytest.raises(RuntimeError):
        _end_with(RuntimeError, "3.txt", core.folder)
    assert [path.name for path in (results / "sim").iterdir()] == ["2.txt"]
    with pytest.raises(SimulationError, match=f"^{results}/sim/sim.log$"):
        _end_with(SimulationError, "sim.log", core.folder)
    assert [path.name for path in results.iterdir()] == ["sim"]  # a log, and no verdict beside it
    assert (results / "sim" / "sim.log").read_text() == "why"


@pytest.mark.parametrize("replaced", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["queue", "endless"])
def test_a_file_that_became_a_queue_meanwhile_is_not_waited_for(make_core, capsys, replaced):
    core = make_core(synapses=4)
    path = core.folder / "dut_datapath.v"
    with begin("sim", core.folder) as run:
        path.unlink()
        replaced(path)
        run.publish([{"verb": "sim", "verdict": "pass"}])
    assert f"{core.folder}: edited while sc-hw sim ran" in capsys.readouterr().err


def _end_with(error, name, folder):
    with begin("sim", folder) as run:
        (run.files / name).write_text("why")
        raise error(f"{run.files}/{name}")


def test_a_verdict_is_of_the_files_that_were_read(make_core, capsys):
    """An edit while a verb runs changes neither what it works on nor the digest in its record, and is told."""
    core = make_core(synapses=4)
    path = core.folder / "dut_datapath.v"
    with begin("sim", core.folder) as run:
        before = run.core.verilog["dut_datapath.v"]
        path.write_text(path.read_text() + "// another text\n")
        assert run.core.verilog["dut_datapath.v"] == before
        assert simulate(run.cores, steps=3, seed=1, output=run.files).passed
        run.publish([{"verb": "sim", "verdict": "pass"}])
    assert (
        f"{core.folder}: edited while sc-hw sim ran; the verdict is of the files as they were before" in capsys.readouterr().err
    )
    record = json.loads((core.folder / "results" / "sim.json").read_text())
    assert record["core_sha256"] == core.digest != load_core(core.folder).digest


def _forged(change):
    """Return a stand-in for a run of the simulator: it writes the outcome of an earlier run, changed."""

    def play(_program, _log, environment, _arguments, _on_line, *, module):
        import hashlib

        plan = Path(environment["SC_HW_PLAN"])
        outcome = json.loads(plan.with_name("earlier.json").read_text())
        outcome["plan_sha256"] = hashlib.sha256(plan.read_bytes()).hexdigest()
        change(outcome)
        plan.with_name("outcome.json").write_text(json.dumps(outcome))

    return play


FORGED = (
    (lambda outcome: None, None),
    (lambda outcome: outcome.update(plan_sha256="0" * 64), "of another request"),
    (lambda outcome: outcome.pop("plan_sha256"), "of another request"),
    (lambda outcome: outcome["cores"][0].update(timesteps=19), "ran 19 of 20 timesteps"),
    (lambda outcome: outcome["cores"][0].update(synapse_steps=0), "did not do what was asked"),
    (lambda outcome: outcome["cores"][0].update(state_values_compared=3), "3 state values compared in"),
    (lambda outcome: outcome["cores"][0].update(output_values_compared=0), "0 output values compared in"),
    (lambda outcome: outcome["cores"][0].update(clocks=1), "1 clocks in"),
    (lambda outcome: outcome.update(faults=[]), "did not do what was asked"),
    (lambda outcome: outcome.update(faults=[0, 1]), "did not do what was asked"),
    (lambda outcome: outcome["cores"].pop(), "did not do what was asked"),
    (lambda outcome: outcome["cores"].append(outcome["cores"][0]), "did not do what was asked"),
)


def test_an_outcome_that_is_not_of_the_request_is_no_verdict(make_core, tmp_path, monkeypatch):
    core = make_core(synapses=4)
    simulate([core], steps=20, seed=1, output=tmp_path / "out")
    shutil.copy(tmp_path / "out" / "outcome.json", tmp_path / "out" / "earlier.json")
    for change, message in FORGED:
        monkeypatch.setattr(import_module("sc_hw.sim.planned"), "run_program", _forged(change))
        if message is None:
            assert simulate([core], steps=20, seed=1, output=tmp_path / "out").passed
        else:
            with pytest.raises(SimulationError, match=message):
                simulate([core], steps=20, seed=1, output=tmp_path / "out")


def test_counting_that_did_not_happen_is_no_verdict(make_core, tmp_path, monkeypatch):
    core = make_core(synapses=4)
    simulate([core], steps=20, seed=1, output=tmp_path / "out")
    shutil.copy(tmp_path / "out" / "outcome.json", tmp_path / "out" / "earlier.json")
    monkeypatch.setattr(import_module("sc_hw.sim.planned"), "run_program", _forged(lambda outcome: None))
    monkeypatch.setattr(import_module("sc_hw.sim.simulate").Simulator, "built", _built)
    with pytest.raises(SimulationError, match="nothing was counted"):
        simulate([core], steps=20, seed=1, output=tmp_path / "out", coverage=True)


def _built(_self, _log, _note):
    from contextlib import nullcontext

    return nullcontext((Path("/nothing"), True))


@check("a simulator is built twice")
def test_a_killed_run_disturbs_no_later_one(tmp_path):
    """The simulator of a run that was killed goes on writing; the run after it is right all the same."""
    core = prepare(tmp_path, "sim")
    command = [sys.executable, "-m", "sc_hw", "sim", str(core), "--seed"]
    subprocess.run([*command, "1", "--steps", "5"], check=True, capture_output=True)
    with subprocess.Popen([*command, "1", "--steps", "2000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as killed:
        while not list((core / "results").glob(".run-*/plan.json")):
            assert killed.poll() is None
        killed.kill()
        killed.stdout.close()
        killed.stderr.close()
    done = subprocess.run([*command, "2", "--steps", "7"], capture_output=True, text=True, check=False)
    assert (done.returncode, "PASS dut: 56 synapse-steps" in done.stdout, done.stderr) == (0, True, "")
    assert sorted(path.name for path in (core / "results").iterdir()) == ["sim", "sim.json", "waveform.json"]
