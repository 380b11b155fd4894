"""Files from outside: of any kind and any damage, each is one line, and what is too large costs no time."""

import contextlib
import gzip
import io
import os
import stat
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sc_hw import reading, strict
from sc_hw.errors import UserError

WHAT = "give another"


def read_json(path, *, option, what):
    return strict.read_json(path, option=option, remedy=what, links=True)


READERS = {
    "bytes": reading.read_bytes,
    "text": reading.read_text,
    "gzip": reading.read_gzip,
    "json": read_json,
    "npz": reading.read_npz,
    "npy": reading.read_npy,
    "toml": reading.read_toml,
}


def refused(kind, path, words):
    started = time.process_time()
    with pytest.raises(UserError, match=words) as caught:
        READERS[kind](path, option="--file", what=WHAT)
    assert time.process_time() - started < 1
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def special(kind, path):
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(1 << 42)
    else:
        path.symlink_to({"device": "/dev/zero", "loop": path.name, "nothing": "nowhere", "endless": "/proc/self/mem"}[kind])


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fifo", "a FIFO"),
        ("device", "a device"),
        ("folder", "Is a directory|but a folder"),
        ("sparse", "larger than .*iB, the most"),
        ("loop", "Too many"),
        ("nothing", "No such file"),
        ("endless", "cannot be read|not "),
    ],
)
def test_what_is_no_file_of_a_usual_size(tmp_path, reader, kind, words):
    special(kind, tmp_path / "file")
    refused(reader, tmp_path / "file", words)


def archive(content=None, *, method=zipfile.ZIP_DEFLATED, name="a.npy"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as opened:
        opened.writestr(name, array(np.arange(4)) if content is None else content)
    return file.getvalue()


def array(values, **options):
    file = io.BytesIO()
    np.save(file, values, **options)
    return file.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        entry = zipfile.ZipInfo("a.npy")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with opened.open(entry, "w", force_zip64=True) as member:
            block = bytes(1 << 20)
            for _ in range(64):
                member.write(block)
    # What a file of 4 GB says of itself, without the seconds it takes to make one.
    raw = (tmp_path / "bomb.npz").read_bytes()
    (tmp_path / "bomb.npz").write_bytes(raw.replace((64 << 20).to_bytes(4, "little"), (0xF0000000).to_bytes(4, "little")))
    refused("npz", tmp_path / "bomb.npz", "its arrays are larger than 2 GiB")


def test_what_unpacks_to_many_times_its_size_is_refused(tmp_path, monkeypatch):
    """With bounds of a kilobyte for those of 256 MiB: a bomb may stay below what arrays may be at most."""
    monkeypatch.setattr(reading, "_FREE", 1 << 10)
    zeros, numbers = np.zeros(100_000), np.random.default_rng(1).random(1000)
    np.savez_compressed(tmp_path / "bomb.npz", a=zeros)
    refused("npz", tmp_path / "bomb.npz", "more than 64 times its size")
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(zeros.tobytes()))
    refused("gzip", tmp_path / "bomb.gz", "more than 64 times its size")
    np.savez_compressed(tmp_path / "good.npz", a=numbers)
    np.savez(tmp_path / "stored.npz", a=zeros)
    (tmp_path / "good.gz").write_bytes(gzip.compress(numbers.tobytes()))
    assert np.array_equal(reading.read_npz(tmp_path / "good.npz", what=WHAT)["a"], numbers)
    assert np.array_equal(reading.read_npz(tmp_path / "stored.npz", what=WHAT)["a"], zeros)
    assert reading.read_gzip(tmp_path / "good.gz", what=WHAT) == numbers.tobytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a usable .npz"),
        (archive()[:-30], "not a usable .npz"),
        (archive()[:60] + b"\xff\xff\xff" + archive()[63:], "not a usable .npz"),
        (archive(method=zipfile.ZIP_LZMA), "compressed in another way"),
        (archive(method=zipfile.ZIP_BZIP2), "compressed in another way"),
        (archive(b"no array"), "not a usable .npz"),
        (archive(array(np.arange(4)).replace(b"(4,)", b"(9,)")), r"has 32 bytes of data; its head says int64 \(9,\)"),
        (archive(array(np.arange(4)).replace(b"(4,)", b"(-4,)"[:4])), "not a usable .npz"),
        (archive(array(np.array([None]), allow_pickle=True)), "Python objects"),
        (archive(array(np.arange(4))[:-8]), "24 bytes of data"),
        (array(np.arange(4)), "one array without a name"),
        (b"PK\5\6" + bytes(8) + (1 << 24).to_bytes(4, "little") + bytes(6), "table of contents is larger than 1 MiB"),
    ],
)
def test_damaged_archives(tmp_path, content, words):
    (tmp_path / "a.npz").write_bytes(content)
    refused("npz", tmp_path / "a.npz", words)


def test_any_changed_byte_of_an_archive_is_told_or_changes_nothing(tmp_path):
    whole, path = archive(), tmp_path / "a.npz"
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(UserError):
            read = reading.read_npz(path, what=WHAT)
            assert all(np.array_equal(values, np.arange(4)) for values in read.values()), place


def test_arrays_are_what_numpy_wrote(tmp_path):
    arrays = {
        "a": np.arange(6).reshape(2, 3),
        "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "n": np.zeros((0, 2)),
        "s": np.array("word"),
        "b": np.array([True]),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        read = reading.read_npz(tmp_path / "a.npz", what=WHAT)
        assert read.keys() == arrays.keys()
        assert all(np.array_equal(read[k], v) and read[k].dtype == v.dtype for k, v in arrays.items())
    np.save(tmp_path / "a.npy", arrays["f"])
    assert np.array_equal(reading.read_npy(tmp_path / "a.npy", what=WHAT), arrays["f"])


@pytest.mark.parametrize(
    ("reader", "text", "words"),
    [
        ("toml", "a = " + "9" * 5000, "not valid TOML"),
        ("toml", "a = 0x" + "f" * 5000, "an integer of 20000 bits; allowed are 64"),
        ("toml", "a = [[0x" + "f" * 17 + "]]", "an integer of 68 bits"),
        ("toml", "a = " + "[" * 5000, "not valid TOML .more nested"),
        ("toml", "#" * (1 << 20) + "\n", "larger than 1 MiB"),
        ("toml", ".".join("a" * 200_000) + " = 1", "a name of more than 32 parts"),
        ("toml", "[" + " . ".join(["'a.b'", '"c"'] * 20_000) + "]", "a name of more than 32 parts"),
        ("json", "[" * 100_000, "not valid JSON .nested"),
        ("json", "9" * 5000, "not valid JSON"),
        ("json", '{"a": NaN}', "NaN is no number"),
        ("json", "[-Infinity]", "-Infinity is no number"),
        ("json", "", "not valid JSON"),
    ],
)
def test_documents(tmp_path, reader, text, words):
    (tmp_path / "file").write_text(text)
    refused(reader, tmp_path / "file", words)


def test_text_that_is_none(tmp_path):
    (tmp_path / "file").write_bytes(b"\xff\xfea")
    for reader in ("text", "json", "toml"):
        refused(reader, tmp_path / "file", "not |no text in UTF-8")
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert reading.read_toml(tmp_path / "file") == {"a": 1}
    (tmp_path / "file").write_text(f"{'.'.join('a' * 32)} = [{'0.5, ' * 100}]")
    assert reading.read_toml(tmp_path / "file")


def test_a_file_that_grows_is_read_to_the_limit_only(tmp_path, monkeypatch):
    """Files of /proc say that they have no bytes."""
    assert stat.S_ISREG(os.stat("/proc/self/status").st_mode)
    with pytest.raises(UserError, match="larger than 1 KiB"):
        reading.read_bytes(Path("/proc/self/smaps"), what=WHAT, most=1 << 10)
