"""Initial state as CSV: what people write is read, what could mean two things is refused by line and column."""

import numpy as np
import pytest

from sc_hw.columns import read_columns
from sc_hw.manifest import load_core

READ = {
    "plain": "weight,pre_trace\n1,2\n3,4\n",
    "a byte-order mark": "\ufeffweight,pre_trace\n1,2\n3,4\n",
    "Windows": "weight,pre_trace\r\n1,2\r\n3,4\r\n",
    "an old Macintosh": "weight,pre_trace\r1,2\r3,4",
    "a mark and Windows": "\ufeffweight,pre_trace\r\n1,2\r\n3,4\r\n",
    "blanks": " weight , pre_trace \n 1 ,\t2\n3 , 4 \n",
    "quotes": '"weight","pre_trace"\n"1","2"\n"3","4"\n',
    "quotes and blanks": ' "weight" , "pre_trace"\n1, "2"\n 3,4',
    "quotes behind a mark": '\ufeff"weight","pre_trace"\n1,2\n3,4\n',
    "empty lines": "\n\nweight,pre_trace\n\n1,2\n,\n3,4\n\n",
    "signs": "weight,pre_trace\n+1,+2\n3,4\n",
    "no last line end": "weight,pre_trace\n1,2\n3,4",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_columns_as_people_write_them(text):
    columns = read_columns(text)
    assert {name: values.tolist() for name, values in columns.items()} == {"weight": [1, 3], "pre_trace": [2, 4]}
    assert all(values.dtype == np.int64 for values in columns.values())


REFUSED = {
    "a column twice": ("weight,weight\n1,11\n2,12\n", "column 'weight' stands there twice"),
    "twice behind a mark": ("\ufeffweight, weight\n1,11\n2,12\n", "column 'weight' stands there twice"),
    "twice in quotes": ('weight,"weight"\n1,11\n2,12\n', "column 'weight' stands there twice"),
    "a column without a name": ("weight,\n1,2\n3,4\n", "column 2 has no name"),
    "a short row": ("weight,pre_trace\n1,2\n3\n", "line 3 has 1 cells; the header has 2"),
    "a long row": ("weight\n1\n3,4\n", "line 3 has 2 cells; the header has 1"),
    "a float": ("weight,pre_trace\n1,2\n3.5,4\n", "line 3, column 'weight': '3.5'; allowed are integers"),
    "a float without a fraction": ("weight,pre_trace\n1,2\n3,4.0\n", "line 3, column 'pre_trace': '4.0'"),
    "nothing": ("weight,pre_trace\n1,\n3,4\n", "line 2, column 'pre_trace': ''"),
    "text": ("weight,pre_trace\n1,2\n3,many\n", "line 3, column 'pre_trace': 'many'"),
    "65 bits": ("weight,pre_trace\n1,2\n9223372036854775808,4\n", "allowed are integers of at most 64 bits"),
    "5,000 digits": (f"weight,pre_trace\n1,2\n{'9' * 5000},4\n", "allowed are integers of at most 64 bits"),
    "other digits": ("weight,pre_trace\n1,2\n\u0663,4\n", "line 3, column 'weight'"),
    "underscores": ("weight,pre_trace\n1,2\n1_0,4\n", "line 3, column 'weight': '1_0'"),
    "semicolons": ("weight;pre_trace\n1;2\n3;4\n", "line 2, column 'weight;pre_trace': '1;2'"),
    "a header alone": ("weight,pre_trace\n", "no rows below the header"),
    "an empty file": ("", "no header"),
    "an open quote": ('weight,pre_trace\n1,"2\n3,4\n', "line 3, column 'pre_trace'"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_what_means_nothing_or_two_things_is_refused(text, why):
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_columns(text)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("encoded", [text.encode() for text in READ.values()], ids=READ)
def test_emit_takes_such_a_file(encoded, sc_hw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.csv").write_bytes(encoded)
    status, _, err = sc_hw("emit", "-n", "2", "--initial", "w.csv", "-o", "core", "--generator", "verilog")
    assert status == 0, err
    assert load_core(tmp_path / "core").design.initial["pre_trace"].tolist() == [2, 4]


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_emit_refuses_the_others_in_one_line(text, why, sc_hw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.csv").write_text(text, newline="")
    status, out, err = sc_hw("emit", "-n", "2", "--initial", "w.csv", "-o", "core")
    assert status == 2
    assert why in err
    assert "--initial w.csv" in err
    assert err.count("\n") == 1
    assert not out
    assert not (tmp_path / "core").exists()


@pytest.mark.parametrize(
    "command",
    [
        "emit -n 3 --initial a.npy -o o",
        "emit -n 3 --initial a.npz -o o",
        "derive a.npz --importance f.npz -o o",
        "derive f.npz --importance a.npz -o o",
        "derive a.npy --importance f.npz -o o",
    ],
)
def test_one_array_without_a_name_is_told_how_to_get_one(command, sc_hw, tmp_path, monkeypatch):
    """As .npy, or under the other name."""
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.ones(3))
    (tmp_path / "a.npy").with_name("a.npz").write_bytes((tmp_path / "a.npy").read_bytes())
    np.savez("f.npz", a=np.ones(3))
    status, _, err = sc_hw(*command.split())
    assert status == 2
    assert "np.savez" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()
