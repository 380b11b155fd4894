"""What is written: only ours is replaced, and a file of the user's keeps what it is besides its content."""

import hashlib
import io
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from importlib import import_module

import numpy as np
import pytest

from sc_hw import folder
from sc_hw.errors import UserError, in_shell
from sc_hw.folder import check_output, npz_bytes, with_record, write_folder

SMALL = ("--generator", "verilog")


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    monkeypatch.chdir(tmp_path)
    return sc_hw


def refused(result, *words):
    status, out, err = result
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert all(word in err for word in words), err


def test_force_replaces_what_emit_wrote_and_what_our_verbs_added(run, tmp_path):
    for extra in (
        ("-n", 8),
        ("--pre", 2, "--post", 4),
        ("-n", 8, "--presynaptic", "stp", "--neurons", 2, "--rule", "three_factor"),
    ):
        assert run("emit", *extra, *SMALL, "-o", "core")[0] == 0
        run("report", "core")
        assert (tmp_path / "core/results/report.html").is_file()
        assert run("emit", "-n", 4, *SMALL, "-o", "core", "--force")[0] == 0
        assert not (tmp_path / "core/results").exists()
        shutil.rmtree("core")


@pytest.mark.parametrize("place", ["notes.txt", "results/notes.txt", "results/sim/notes.txt", "neurons/notes.txt", ".git/config"])
def test_force_names_the_file_that_is_not_ours(run, tmp_path, place):
    layer = ("-n", 8, "--presynaptic", "stp", "--neurons", 2, "--rule", "three_factor", *SMALL)
    assert run("emit", *layer, "-o", "core")[0] == 0
    (tmp_path / "core" / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "core" / place).write_text("mine")
    refused(run("emit", *layer, "-o", "core", "--force"), f"holds {place}")
    assert (tmp_path / "core" / place).read_text() == "mine"


@pytest.mark.parametrize("place", ["drawings", "neurons/drawings/new"])
def test_force_names_an_empty_folder_that_is_not_ours(run, tmp_path, place):
    layer = ("-n", 8, "--presynaptic", "stp", "--neurons", 2, "--rule", "three_factor", *SMALL)
    assert run("emit", *layer, "-o", "core")[0] == 0
    (tmp_path / "core" / place).mkdir(parents=True)
    refused(run("emit", *layer, "-o", "core", "--force"), f"holds {place}/")
    assert (tmp_path / "core" / place).is_dir()


def test_force_refuses_links_mounts_and_where_we_stand(run, tmp_path, monkeypatch):
    assert run("emit", "-n", 8, *SMALL, "-o", "core")[0] == 0
    (tmp_path / "link").symlink_to("core")
    for path in ("link", "link/"):
        refused(run("emit", "-n", 8, "-o", path, "--force"), "it is a link")
    monkeypatch.chdir(tmp_path / "core")
    for path in (".", "..", "../core", tmp_path):
        refused(run("emit", "-n", 8, "-o", path, "--force"), "the working directory is in it")
    monkeypatch.chdir("/")
    refused(run("emit", "-n", 8, "-o", "/proc", "--force"), "mounted")
    (tmp_path / "core" / "away").symlink_to("/usr")
    refused(run("emit", "-n", 8, "-o", tmp_path / "core", "--force"), "holds away")


@pytest.mark.parametrize("verb", ["emit", "derive", "train"])
@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"manifest_version": 3}', '{"schema": "sc-hw/else/1"}', '{"schema": 3, "sha256": {}}']
)
def test_a_strangers_folder_is_refused(run, tmp_path, verb, content):
    (tmp_path / "theirs").mkdir()
    for name in ("manifest.json", "derived.json", "checkpoint.npz"):
        (tmp_path / "theirs" / name).write_text(content)
    more = {"emit": ("-n", 8), "derive": ("w.npz", "--importance", "f.npz"), "train": ("--data", "digits")}[verb]
    refused(run(verb, *more, "-o", "theirs", "--force"), "theirs", "will not replace it")
    assert len(list((tmp_path / "theirs").iterdir())) == 3


def test_a_folder_that_fails_leaves_no_parents(run, tmp_path, monkeypatch):
    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    refused(run("emit", "-n", 8, *SMALL, "-o", "a/b/core"), "No space left")
    assert not list(tmp_path.iterdir())


def rules(run, path):
    return run("accuracy", "--seeds", 1, "--json", path)


@pytest.fixture
def quick(monkeypatch):
    """Let accuracy measure nothing."""
    accuracy = import_module("sc_hw.accuracy.command")

    def measured(_rule, configs, **_options):
        runs = ({"weight_rms": 0.1, "weight_max": 0.2},)
        return [accuracy.Variant(name=name, config=config, runs=runs) for name, config in configs.items()]

    monkeypatch.setattr(accuracy, "measure_accuracy", measured)


def test_a_record_keeps_links_names_and_modes(run, tmp_path, quick):
    (tmp_path / "folder").mkdir()
    for name, mode in (("folder/target", 0o640), ("private", 0o600), ("named", 0o604)):
        (tmp_path / name).write_text("before" * 1000)
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to("folder/target")
    (tmp_path / "dangling").symlink_to("folder/new")
    os.link("named", "other")
    for name in ("link", "dangling", "private", "named"):
        assert rules(run, name)[0] == 0
        assert json.loads((tmp_path / name).read_text())["verb"] == "accuracy"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "dangling").is_symlink()
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("folder/target", "private", "named")] == [
        0o640,
        0o600,
        0o604,
    ]
    assert (tmp_path / "other").samefile("named")
    old = os.umask(0o077)
    try:
        assert rules(run, "umask")[0] == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "umask").stat().st_mode) == 0o600
    assert not list(tmp_path.rglob(".*"))


def test_a_record_into_a_fifo_and_a_device(run, tmp_path, quick, monkeypatch):
    os.mkfifo("pipe")
    heard = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert rules(run, "pipe")[0] == 0
    reader.join()
    assert json.loads(heard[0])["verb"] == "accuracy"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    monkeypatch.setattr("sc_hw.outlet._PATIENCE", 0.1)
    refused((*rules(run, "pipe")[:1], "", rules(run, "pipe")[2]), "nothing reads it")
    os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod("full", stat.S_IFCHR | 0o666, os.makedev(1, 7))
    assert rules(run, "null")[0] == 0
    assert rules(run, "full")[0] == 2
    assert all(stat.S_ISCHR((tmp_path / name).stat().st_mode) for name in ("null", "full"))


def test_a_place_that_cannot_be_written_is_refused_before_any_work(run, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("folder", "file/x", "no/x", "loop", "socket", "x" * 300, "/proc/x/y"):
            refused(rules(run, path), path, "--json")
    refused(run("derive", "w.npz", "--importance", "f.npz", "-o", "d", "--json", "d"), "also what --output names")


def test_a_dash_is_standard_output_for_the_record_alone(run, tmp_path):
    done = subprocess.run([sys.executable, "-m", "sc_hw", "doctor", "--json", "-"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)["verb"] == "doctor"
    assert "everything is here" in done.stderr
    assert not list(tmp_path.iterdir())
    run("emit", "-n", "4", *SMALL, "-o", "c")
    refused(run("report", "c", "-o", "-", "--json", "-"), "takes one file")
    assert run("report", "c", "-o", "-")[1].startswith("<!")


def test_no_record_takes_the_place_of_what_is_read(run, tmp_path):
    """Of a file on the command line, of a file of a folder on it, and of the place of its results."""
    assert run("emit", "-n", 8, *SMALL, "-o", "core")[0] == 0
    (tmp_path / "c.toml").write_text("weight_bits = 9\n")
    (tmp_path / "link").symlink_to("c.toml")
    for json_path in ("c.toml", "./c.toml", "link", str(tmp_path / "c.toml")):
        for option in (["--json", json_path], [f"--json={json_path}"]):
            refused(run("estimate", "-n", 8, "--config", "c.toml", *option), "is a file that this command reads")
            refused(run("estimate", "-n", 8, "--config=link", *option), "is a file that this command reads")
    for name in ("manifest.json", "sc_core.v", "results"):
        refused(run("estimate", "core", "--json", f"core/{name}"), f"core/{name}: is a file of core, which this command reads")
    assert (tmp_path / "c.toml").read_text() == "weight_bits = 9\n"
    for _ in range(2):  # also where a record is
        assert run("estimate", "core", "--json", "core/mine.json")[0] == 0
    assert run("files", "core")[0] == 0


def test_nothing_is_emitted_into_an_emitted_folder(run, tmp_path):
    """The folder could not be read any more, because of Verilog that it does not list."""
    assert run("emit", "-n", 8, *SMALL, "-o", "core")[0] == 0
    (tmp_path / "link").symlink_to("core")
    for path in ("core/sub", "core/a/b", "link/sub"):
        refused(run("emit", "-n", 4, *SMALL, "-o", path), f"{path}: is in ", "an emitted folder", "give a folder elsewhere")
    assert run("emit", "-n", 4, *SMALL, "-o", "core/results/sub")[0] == 0
    (tmp_path / "other").mkdir()
    for manifest in ('{"schema": "theirs"}', "["):
        (tmp_path / "other/manifest.json").write_text(manifest)
        assert run("emit", "-n", 4, *SMALL, "-o", "other/core", "--force")[0] == 0
    assert run("files", "core")[0] == 0


@pytest.mark.parametrize("content", ["[1", "[]", '{"schema": "sc-hw/bus/1"}', "[" * 100_000])
def test_a_spoiled_record_is_named_and_not_the_verilog_that_it_listed(run, tmp_path, content):
    """Told that the Verilog is a stray, somebody moves it and has no bus any more."""
    assert run("emit", "-n", 4, *SMALL, "--bus", "apb", "-o", "core")[0] == 0
    (tmp_path / "core/bus/bus.json").write_text(content)
    refused(run("files", "core"), "core/bus/bus.json: no record of sc-hw", "write them again")


def test_a_name_in_a_verdict_is_one_line_and_a_command_can_be_copied(run):
    """What a terminal would obey is shown, and no name ends a line or begins a verdict of its own."""
    odd = "a\nPASS all\x1b[31m\r\x9b b"
    lines = [run("emit", "-n", 4, *SMALL, "-o", odd)[1]]
    lines.append(run("vectors", odd, "--steps", 1, "-o", f"{odd}/v")[1])
    lines.append(run("rule", "new", "mine", "-o", f"{odd} rule.py")[1])
    status, out, _ = run("report", odd)
    assert status == 1
    lines.append(out)
    for text in lines:
        assert text
        assert all(line.isprintable() and not line.startswith("PASS all") for line in text.splitlines()), text
        assert r"a\nPASS all\x1b[31m\r\x9b b" in text
    command = lines[2].partition("next: sc-hw rule check ")[2].strip()
    told = subprocess.run(["bash", "-c", f"printf %s {command}"], capture_output=True, check=True).stdout
    assert os.fsdecode(told) == f"{odd} rule.py"
    for path in ("a b", "it's", "$x", odd, "a\udcff\n", "é\t\\"):
        told = subprocess.run(["bash", "-c", f"printf %s {in_shell(path)}"], capture_output=True, check=True).stdout
        assert os.fsdecode(told) == path
        assert in_shell(path).isprintable()


def test_what_comes_while_a_verb_works_is_not_replaced(tmp_path):
    """A stranger's folder made after the first look, a file put into ours, and another run's output without --force."""
    listed = with_record("try", "try.json", "sc-hw/try/1")
    files = {"try.json": json.dumps({"schema": "sc-hw/try/1", "sha256": {"a": ""}}), "a": ""}

    def begin(name, *, force):
        return check_output(tmp_path / name, listed, force=force, verb="tried")

    for force in (False, True):
        output = begin(f"made-{force}", force=force)
        output.mkdir()
        (output / "thesis").write_text("mine")
        with pytest.raises(UserError, match="exists" if not force else "not a folder that sc-hw tried"):
            write_folder(output, files)
        assert [path.name for path in output.iterdir()] == ["thesis"]
    output = begin("ours", force=False)
    write_folder(output, files)
    assert begin("ours", force=True) == output
    (output / "thesis").write_text("mine")
    with pytest.raises(UserError, match="holds thesis"):
        write_folder(output, files)
    (output / "thesis").unlink()
    begin("ours", force=True)
    write_folder(output, {**files, "a": "new"})
    assert (output / "a").read_text() == "new"
    output = begin("two", force=False)
    write_folder(output, files)
    folder._checked[output] = (False, lambda: output)  # the other run ended just after the second look
    with pytest.raises(UserError, match="not empty"):
        write_folder(output, {**files, "a": "new"})
    assert (output / "a").read_text() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made-False", "made-True", "ours", "two"]


def test_an_archive_has_the_same_bytes_in_every_python():
    """What NumPy writes has not: patches of Python choose other headers. The digest is that of 3.11.2, 3.11.7, 3.13.0."""
    weights = np.arange(6, dtype="<i2").reshape(2, 3)
    arrays = {"layer.weight": weights, "scale": np.array(0.5), "none": np.zeros((0, 3), dtype="u1")}
    content = npz_bytes(arrays)
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            assert np.array_equal(found[name], array)
    assert hashlib.sha256(content).hexdigest() == "8b3a11fdc929104e86065ac277021e0ef81eb1af78f20f364dba7c1c481a9425"
    with pytest.raises(ValueError, match="allow_pickle=False"):
        npz_bytes({"object": np.array([None])})
