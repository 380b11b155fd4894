"""The cache: what is damaged is built again, many processes share it, and it keeps the size it is given."""

import os
import subprocess
import sys
import threading
import time

import pytest

from sc_hw_models.cache import CacheError, cache_folder, cache_limit, cache_size, cached, locked


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SC_HW_CACHE", str(tmp_path / "my cache"))
    monkeypatch.delenv("SC_HW_CACHE_MEGABYTES", raising=False)


def use(key="key", content=b"a program", kind="sim"):
    """Return what the cache gives for a key, whether it had it, and its path."""
    with cached(kind, key, lambda path: path.write_bytes(content)) as (path, hit):
        return path.read_bytes(), hit, path


def test_an_entry_is_built_once():
    assert [use()[:2] for _ in range(2)] == [(b"a program", False), (b"a program", True)]
    assert use(content=b"another")[0] == b"a program"  # the key decides
    assert use("other", b"another")[:2] == (b"another", False)
    assert os.access(use()[2], os.X_OK)


def _swap(path):
    other = use("other", b"another program")[2]
    for name in ("built", "sha256"):
        path.with_name(name).write_bytes(other.with_name(name).read_bytes())


def _folder_in_its_place(path):
    path.unlink()
    path.mkdir()
    (path / "x").write_text("")


def _replaced(path, make):
    """What is no file of a known size is not waited for."""
    path.unlink()
    make(path)


def _file_for_the_entry(path):
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    path.parent.write_text("")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b"A" + path.read_bytes()[1:]),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: path.chmod(0o644),
        lambda path: path.unlink(),
        lambda path: path.with_name("sha256").unlink(),
        lambda path: path.with_name("sha256").write_bytes(b"\xff\xfe"),
        lambda path: _replaced(path, os.mkfifo),
        lambda path: _replaced(path.with_name("sha256"), os.mkfifo),
        lambda path: _replaced(path.with_name("sha256"), lambda place: place.symlink_to("/dev/zero")),
        lambda path: path.with_name("new").write_bytes(b"left by a kill"),
        _folder_in_its_place,
        _file_for_the_entry,
        _swap,
    ],
)
def test_a_damaged_entry_is_built_again(damage):
    path = use()[2]
    damage(path)
    content, hit, path = use()
    assert content == b"a program"
    assert os.access(path, os.X_OK)
    assert hit == (path.with_name("new").exists())  # what a kill leaves beside a whole entry does not matter
    assert use()[1]


def test_a_failed_build_leaves_nothing():
    def fail(_path):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"), cached("sim", "key", fail):
        pass
    assert not list((cache_folder() / "sim").iterdir())
    assert use()[:2] == (b"a program", False)


def test_one_builds_and_others_wait():
    builds, found = [], []

    def build(path):
        builds.append(path)
        time.sleep(0.1)
        path.write_bytes(b"slow")

    def work():
        with cached("sim", "key", build) as (path, _):
            found.append(path.read_bytes())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(builds), found) == (1, [b"slow"] * 6)


def _age(path, seconds):
    os.utime(path.parent, (time.time() - seconds,) * 2)


def test_what_was_used_longest_ago_goes_first_and_what_is_in_use_stays(monkeypatch):
    monkeypatch.setenv("SC_HW_CACHE_MEGABYTES", "1")
    content = b"x" * 300_000
    paths = {name: use(name, content, kind)[2] for name, kind in (("a", "sim"), ("b", "models"), ("c", "sim"))}
    for age, name in enumerate("cba", start=1):
        _age(paths[name], 100 * age)
    (cache_folder() / "sim" / "build-left").mkdir()  # by a version before this one, killed while it built
    os.utime(cache_folder() / "sim" / "build-left", (1, 1))
    use("a", kind="sim")  # used now, so b is the oldest
    with cached("models", "b", lambda _path: None):
        _age(paths["b"], 900)
        use("d", content)
        assert {name: path.exists() for name, path in paths.items()} == {"a": True, "b": True, "c": False}
    use("e", content)
    assert not (cache_folder() / "sim" / "build-left").exists()
    assert not paths["b"].exists()
    assert cache_size() <= cache_limit()
    assert use("f", b"x" * 2_000_000)[1] is False  # larger than all there may be: it is kept while it is the last one built
    assert use("f")[1]


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "2G", "many", "10000000", "²"])
def test_the_size_is_whole_megabytes(monkeypatch, size):
    monkeypatch.setenv("SC_HW_CACHE_MEGABYTES", size)
    with pytest.raises(CacheError, match=r"SC_HW_CACHE_MEGABYTES=.*not a size; allowed are whole megabytes, 1..1000000"):
        use()
    assert not cache_folder().exists()


def test_a_cache_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "below", "/proc/no-such-place"):
        monkeypatch.setenv("SC_HW_CACHE", str(folder))
        with pytest.raises(CacheError, match=rf"^{folder}: the cache cannot be used .*SC_HW_CACHE"):
            use()


def test_a_lock_ends_with_its_process_and_is_of_the_folder_at_the_path(tmp_path):
    folder, waits = tmp_path / "work", []
    folder.mkdir()
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom sc_hw_models.cache import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('mine', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "mine\n"

        # While this waits, the folder is replaced, then the process that has it is killed.
        def replace():
            folder.rename(tmp_path / "old")
            folder.mkdir()
            process.kill()

        timer = threading.Timer(0.2, replace)
        with locked(folder, waiting=lambda: waits.append(timer.start())):
            assert len(waits) == 1
            with pytest.raises(BlockingIOError), locked(folder, waiting=_refuse):
                pass
    with locked(folder, shared=True, waiting=_refuse), locked(folder, shared=True, waiting=_refuse):
        pass
    with pytest.raises(FileNotFoundError), locked(tmp_path / "none"):
        pass


def _refuse():
    raise BlockingIOError
