"""Sweeps that run: what they leave, a kill at any moment, a cluster, place and route, tools that refuse."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from click.testing import CliRunner

from sc_hw.accuracy.command import measure_accuracy
from sc_hw.cli import app
from sc_hw.errors import UserError
from sc_hw.explore import measure as measuring
from sc_hw.explore.measure import Task, measure, tools_of
from sc_hw.explore.run import Runner, row_of
from sc_hw.explore.store import Store
from sc_hw.explore.sweep import read_sweep
from sc_hw.manifest import load_core
from sc_hw.synth.synthesise import synthesise
from sc_hw.targets import load_target

from ..daily import check, few

VARY = ["synapses=6", "generator=verilog", "lanes=1,2,3", "weight_bits=6", "activity_bits=2", "signal_bits=4"]
SWEEP = ["--rule", "three_factor", *(word for text in VARY for word in ("--vary", text)), "--stimuli", "1"]
POINTS = 3  # cores
TASKS = 1 + POINTS  # one configuration


def explore(folder, *options):
    done = CliRunner().invoke(app, ["explore", *SWEEP, "-o", str(folder), *map(str, options)])
    if isinstance(done.exception, UserError):
        raise done.exception
    return done


def measurements(folder):
    """Return what the store holds, which no process has locked: what one began to write when it ended is not there."""
    with contextlib.closing(sqlite3.connect(folder / "measurements.sqlite")) as database:
        return dict(database.execute("SELECT key, outcome FROM measurements"))


def committed(folder):
    """Return how many measurements the store holds while a process has it locked, 0 while that writes one."""
    with contextlib.suppress(sqlite3.Error, FileNotFoundError):
        database = sqlite3.connect(f"file:{folder / 'measurements.sqlite'}?mode=ro&immutable=1", uri=True)
        with contextlib.closing(database):
            ((count,),) = database.execute("SELECT count(*) FROM measurements")
        # Under an exclusive lock a journal stays, and what is committed has zeros where it would begin.
        return 0 if (folder / "measurements.sqlite-journal").read_bytes()[:8].strip(b"\0") else count
    return 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore") / "whole"
    done = explore(folder, "--json", folder.parent / "record.json")
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_what_a_sweep_leaves(whole, tmp_path):
    folder, output = whole
    record = json.loads((folder / "explore.json").read_text())
    assert record == json.loads((folder.parent / "record.json").read_text())
    assert (record["points"], record["measured"], record["verdict"]) == (POINTS, TASKS, "pass")
    assert f"{POINTS} points, {TASKS} measurements made in this run, 0 points do not fit" in output
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(folder / "points.parquet")
    rows = table.to_pylist()
    assert [row for row in rows if row["pareto"]] == [{**dict.fromkeys(table.column_names), **row} for row in record["front"]]
    assert json.loads(table.schema.metadata[b"sc-hw"])["tools"] == record["tools"]
    assert {(row["lanes"], row["weight_bits"]) for row in rows} == {(1, 6), (2, 6), (3, 6)}
    svg = (folder / "pareto.svg").read_text()
    assert "ice40-hx8k" in svg
    assert "updates a clock" in svg

    # One point again, by the functions that the other verbs are made of.
    row = next(row for row in rows if (row["lanes"], row["weight_bits"]) == (2, 6))
    settings = ("--set", "weight_bits=6", "--set", "activity_bits=2", "--set", "signal_bits=4")
    emitted = ["emit", "--rule", "three_factor", *settings, "-n", "6", "--lanes", "2", "--name", "core", "--generator", "verilog"]
    assert CliRunner().invoke(app, [*emitted, "-o", str(tmp_path / "core")]).exit_code == 0
    core = load_core(tmp_path / "core")
    resources = synthesise(core, load_target("ice40-hx8k")).resources
    assert {name: row[f"synth_{name}"] for name in resources} == resources
    (variant,) = measure_accuracy(core.design.rule, {"": core.design.config}, seeds=1)
    assert {name: row[f"error_{name}"] for name in variant.medians} == variant.medians
    assert row["learning_error"] == variant.medians["weight_rms"]
    assert row["updates_per_clock"] == 6 / (3 + 1 + core.design.pipeline_depth)


def children(pid):
    """Return the processes that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if status.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(status.parent.name))
    return found


@pytest.mark.parametrize("how", few([signal.SIGKILL, signal.SIGINT], 1, "the gentler of two ends"))
def test_killed_and_resumed_nothing_is_lost_or_repeated(whole, tmp_path, how):
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "sc_hw", "explore", *SWEEP, "-o", str(folder)]
    # Tests may run where the signal is ignored.
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while running.poll() is None and not committed(folder):
        time.sleep(0.01)
    workers = children(running.pid)
    assert workers
    running.send_signal(how)
    _, error = running.communicate()
    assert running.returncode == (-how if how == signal.SIGKILL else 130), error
    assert "Traceback" not in error  # of a worker
    kept = measurements(folder)
    assert 1 <= len(kept) < TASKS
    assert not (folder / "points.parquet").exists()
    while any(Path(f"/proc/{worker}/exe").exists() for worker in workers):  # they and their tools end with their parent
        time.sleep(0.01)

    done = explore(folder, "--resume")
    assert done.exit_code == 0
    assert json.loads((folder / "explore.json").read_text())["measured"] == TASKS - len(kept)
    after = measurements(folder)
    assert {key: after[key] for key in kept} == kept  # with the seconds that each took: not done a second time
    assert after.keys() == measurements(whole[0]).keys()
    assert (folder / "points.parquet").read_bytes() == (whole[0] / "points.parquet").read_bytes()
    again = explore(folder, "--resume", "--vary", "lanes=1")  # a part of it, and nothing to do
    assert "1 points, 0 measurements made in this run" in again.output


@check("what a cluster is given is what this machine's processes are, which every run measures")
def test_on_a_cluster(whole, tmp_path):
    from distributed import LocalCluster  # half a second of every collection

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        done = explore(tmp_path / "cluster", "--scheduler", cluster.scheduler_address)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "cluster" / "points.parquet").read_bytes() == (whole[0] / "points.parquet").read_bytes()


@check("place and route in a sweep; alone it is in every run")
def test_a_clock_of_what_fits(tmp_path):
    """The core that does not fit its device is not placed; the other one has the median of its seeds."""
    done = explore(
        tmp_path / "out",
        "--pnr",
        "--seeds",
        "2",
        "--target",
        "ice40-up5k",
        "--vary",
        "lanes=1",
        "--vary",
        "synapses=40,32768",
        "--vary",
        "weight_bits=4",
    )
    assert done.exit_code == 0, done.output
    assert "M updates/s" in done.output
    import pyarrow.parquet

    one, many = pyarrow.parquet.read_table(tmp_path / "out" / "points.parquet").to_pylist()
    assert (one["fits"], many["fits"]) == (True, False)
    assert (one["pareto"], many["pareto"]) == (True, False)
    assert (many["route_mhz_median"], many["updates_per_second"]) == (None, None)
    assert one["updates_per_second"] == one["updates_per_clock"] * one["route_mhz_minimum"] * 1e6  # the lower one of two
    results = [json.loads(outcome)["result"] for outcome in measurements(tmp_path / "out").values()]
    clocks = [result["mhz"] for result in results if "mhz" in result]
    assert (len(results), len(clocks)) == (1 + 2 + 2, 2)
    assert [min(clocks), max(clocks)] == [one["route_mhz_minimum"], one["route_mhz_maximum"]]


class Here(Executor):
    """Does everything at once, in this process."""

    def submit(self, function, /, *arguments, **named):
        future = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


def test_a_task_that_a_tool_refuses_is_said_and_tried_again(tmp_path, monkeypatch):
    sweep, store = read_sweep({"rule": "three_factor"}, VARY), Store(tmp_path / "store")
    good = {
        "learning": lambda **_: {"weight_rms": 0.1},
        "counts": lambda **_: {"resources": {"lut": 3}, "fits": True, "failures": []},
    }

    def refuse(**_):
        raise UserError("no memory\nleft")

    for kinds, failing in ((good | {"counts": refuse}, POINTS), (good, 0)):
        monkeypatch.setattr(measuring, "_KINDS", kinds)
        runner, seen = Runner(sweep, store), []
        runner.run(Here(), lambda *now, seen=seen: seen.append(now))
        assert len(runner.failures) == failing
        assert seen[-1] == (TASKS, TASKS)
        row = row_of(sweep, sweep.points[0], store, runner.failures)
        assert row["failure"] == ("no memory left" if failing else "")
        assert ("synth_lut" in row) == (not failing)
    assert runner.done == POINTS


def test_a_worker_with_other_tools_is_refused(tmp_path, monkeypatch):
    sweep, store = read_sweep({"rule": "three_factor"}, VARY), Store(tmp_path / "measurements.sqlite")

    class Elsewhere(Here):
        def submit(self, function, /, kind, arguments):
            def other(*task):
                return {"result": {}, "seconds": 0, "tools": tools_of(*task) | {"numpy": "1.0"}}

            return super().submit(other, kind, arguments)

    with pytest.raises(UserError, match=r"a worker has numpy 1\.0 instead of .*; install the same versions everywhere"):
        Runner(sweep, store).run(Elsewhere(), lambda *_: None)
    store.close()
    assert not measurements(tmp_path)


def test_a_result_of_other_sources_is_not_taken(monkeypatch):
    arguments = {"rule": "r_stdp", "config": {}, "stimuli": 1}
    before = Task(kind="learning", arguments=arguments).key
    assert Task(kind="learning", arguments=arguments).key == before
    monkeypatch.setattr(measuring, "_learning_tools", lambda: {"sc-hw": "changed"})
    assert Task(kind="learning", arguments=arguments).key != before


def test_one_run_at_a_time(tmp_path):
    first = Store(tmp_path / "measurements.sqlite")
    with pytest.raises(UserError, match="another sc-hw explore is at work there"):
        Store(tmp_path / "measurements.sqlite")
    first.close()
    Store(tmp_path / "measurements.sqlite").close()
    (tmp_path / "text").write_text("no database, but a text that is long enough to be taken for one" * 9)
    with pytest.raises(UserError, match="not a store of measurements"):
        Store(tmp_path / "text")


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        ('["counts", {}]', '{"result": {"resources": {"lut": "x"}, "fits": true, "failures": []}, "tools": {}}'),
        ('["counts", {}]', '{"result": {"resources": {}, "fits": 1, "failures": []}, "tools": {}}'),
        ('["clocks", {}]', '{"result": {"mhz": null, "error": ""}, "tools": {}}'),
        ('["learning", {}]', '{"result": {"rms": NaN}, "tools": {"a": 1}}'),
        ('["learning", {}]', "[1]"),
        ('["learning", {}]', "[" * 100_000),
        ('["other", {}]', '{"result": {}, "tools": {}}'),
        ("learning", '{"result": {}, "tools": {}}'),
        (None, '{"result": {}, "tools": {}}'),
        ('["learning", {}]', None),
    ],
)
def test_a_measurement_that_is_none_is_refused(tmp_path, task, outcome):
    Store(tmp_path / "store").close()
    database = sqlite3.connect(tmp_path / "store")
    database.execute("INSERT INTO measurements VALUES ('key', ?, ?)", (task, outcome))
    database.commit()
    database.close()
    with pytest.raises(UserError, match="not a store of measurements"):
        Store(tmp_path / "store")


def test_a_memory_outside_block_ram_is_a_failure(tmp_path, monkeypatch):
    sweep, store = read_sweep({"rule": "three_factor"}, VARY), Store(tmp_path / "store")
    counts = {"resources": {"lut": 3}, "fits": True, "failures": ["the memory is in: registers"]}
    monkeypatch.setattr(measuring, "_KINDS", {"learning": lambda **_: {"weight_rms": 0.1}, "counts": lambda **_: counts})
    runner = Runner(sweep, store)
    runner.run(Here(), lambda *_: None)
    assert row_of(sweep, sweep.points[0], store, {})["failure"] == "the memory is in: registers"
    assert measure("learning", {})["result"] == {"weight_rms": 0.1}


def test_nothing_is_left_behind(whole, tmp_path):
    with pytest.raises(UserError, match="exists; --resume goes on with it; give another folder"):
        explore(whole[0])
    assert sorted(os.listdir(whole[0])) == ["explore.json", "measurements.sqlite", "pareto.svg", "points.parquet"]
