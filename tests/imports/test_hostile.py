"""Files for ``sc-hw import`` that are small and ask for much, numbers at the ends of floating point, and names of ours."""

import json
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.imports import arrays
from sc_hw.imports.command import read_graph
from sc_hw.imports.convert import chip_of
from sc_hw.imports.graph import Options
from sc_hw.imports.net import net_of


def chip(path, **said):
    options = Options(**({"timesteps": 4, "threshold": 1.0} | said))
    return chip_of(net_of(read_graph(path, options), options), options, 1)


def layers(path, value, names=("a", "b")):
    first, second = names
    np.savez(path, **{f"{first}.weight": np.full((3, 6), value), f"{second}.weight": np.full((2, 3), value)})
    return path


@pytest.mark.parametrize("value", [1e-320, 1e-150, 1e31, 1e308])
def test_weights_at_the_ends_of_floating_point_are_refused(tmp_path, value):
    with pytest.raises(UserError, match=r"next to nothing|above 1e\+30"):
        chip(layers(tmp_path / "w.npz", value))


@pytest.mark.parametrize("option", ["threshold", "full_scale"])
@pytest.mark.parametrize("value", [1e-320, 1e308, float("nan"), float("inf"), -1.0])
def test_options_at_the_ends_of_floating_point_are_refused(tmp_path, option, value):
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} {value}: allowed are numbers above 0".replace("+", r"\+")):
        chip(layers(tmp_path / "w.npz", 1.0), **{option: value})


@pytest.mark.parametrize("names", [("input", "output"), ("fc", "fc.neurons"), ("output", "input_"), ("out", "out.neurons_")])
def test_a_layer_may_have_the_name_of_a_node_of_ours(tmp_path, names):
    made = chip(layers(tmp_path / "w.npz", 1.0, names))
    assert [loss["node"] for loss in made.losses] == list(names)


def saved(path, content, storages=()):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", content)
        for name, numbers in storages:
            archive.writestr(f"a/data/{name}", numbers)
    return path


@pytest.mark.parametrize("number", [0x0FFFFFFF, 0xFFFFFFF0])
def test_a_pickle_of_few_bytes_takes_no_memory(tmp_path, number):
    """The unpickler makes room for every number of an object below the one that it is told."""
    path = saved(tmp_path / "w.pt", b"\x80\x02}r" + struct.pack("<I", number) + b".")
    with pytest.raises(UserError, match=f"notes object {number}, which it cannot have"):
        read_graph(path, Options(timesteps=4))


def state_dict(count, size):
    parts = [b"\x80\x02}("]
    for k in range(count):
        name = f"l{k}.weight".encode()
        parts += [
            b"X",
            struct.pack("<I", len(name)),
            name,
            b"ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\n",
        ]
        parts += [b"U\x010U\x03cpuJ", struct.pack("<i", size), b"tQK\x00K\x03K\x06\x86K\x06K\x01\x86tR"]
    return b"".join([*parts, b"u."])


def test_tensors_that_share_a_storage_read_it_once(tmp_path, monkeypatch):
    read, names = zipfile.ZipFile.read, []
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, name: names.append(str(name)) or read(self, name))
    good = saved(tmp_path / "w.pt", state_dict(2, 18), [("0", bytes(72))])
    with pytest.raises(UserError, match=r"do not tell|are not the inputs"):
        read_graph(good, Options(timesteps=4, threshold=1.0))
    assert names.count("a/data/0") == 1
    many = saved(tmp_path / "many.pt", state_dict(200, 18), [("0", bytes(72))])
    with pytest.raises(UserError, match="200 tensors; allowed are 128"):
        read_graph(many, Options(timesteps=4, threshold=1.0))


def test_pickles_of_other_forms_are_refused(tmp_path):
    for content in (
        pickle.dumps({"a": 1}),
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 35) + b".",
        b"",
        b"\x80\x02]" + b"\x85" * 99,
    ):
        with pytest.raises(UserError, match="not a usable state_dict"):
            read_graph(saved(tmp_path / "w.pt", content), Options(timesteps=4))


def test_numbers_are_counted_as_what_they_become(tmp_path, monkeypatch):
    """Arrays can share their bytes, and small kinds of numbers grow."""
    monkeypatch.setattr(arrays, "MOST_ARRAYS", 1000)
    table = {f"l{k}.weight": {"dtype": "F16", "shape": [5, 5], "data_offsets": [0, 50]} for k in range(6)}
    head = json.dumps(table).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(50))
    with pytest.raises(UserError, match="the most that are read here; give a smaller network"):
        read_graph(tmp_path / "w.safetensors", Options(timesteps=4, threshold=1.0))


def test_h5py_that_cannot_be_loaded_is_named_with_its_extra(tmp_path, monkeypatch):
    """Hidden by a finder, which raises where ``find_spec`` gives nothing, or broken: not a bad file."""

    class Hidden:
        @staticmethod
        def find_spec(name, *_):
            if name == "h5py":
                raise ImportError("libhdf5.so: cannot open shared object file", name=name)

    monkeypatch.delitem(sys.modules, "h5py", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Hidden, *sys.meta_path])
    (tmp_path / "w.nir").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UserError, match=r"needs h5py to be read; install it with: pip install 'sc-hw\[imports\]'"):
        read_graph(tmp_path / "w.nir", Options(timesteps=4))
