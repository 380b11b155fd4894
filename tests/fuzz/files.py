"""Files of every kind that a person or a program may hand to sc-hw, drawn from a generator of random numbers."""

import io
import json
import os
import random
import zipfile
from pathlib import Path

import numpy as np

FIELDS = ("weight", "eligibility", "pre_trace", "post_trace", "weights", "x_train", "y_train", "x_test", "y_test", "fc1", "")
TOML = ("weight_bits", "trace_bits", "learning_shift", "rounding", "bogus", "rule", "target", "grid")


def npz(draw: random.Random, arrays: dict[str, np.ndarray] | None = None) -> bytes:
    """Return an archive, whole or damaged."""
    file = io.BytesIO()
    if arrays is None:
        arrays = {name: array(draw) for name in draw.sample(FIELDS[:-1], draw.randrange(4))}
    method = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, values in arrays.items():
            archive.writestr(f"{name}{draw.choice(['.npy', '.npy', '.npy', ''])}", npy(draw, values))
    return damaged(draw, file.getvalue())


def npy(draw: random.Random, values: np.ndarray) -> bytes:
    """Return an array as a file, sometimes with a head that lies."""
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    content = file.getvalue()
    if draw.random() < 0.2:
        content = content.replace(
            b"'shape': (", draw.choice([b"'shape': (9999999999,", b"'shape': (-1,", b"'shape': ((", b"'shape'"])
        )
    return damaged(draw, content) if draw.random() < 0.2 else content


def array(draw: random.Random) -> np.ndarray:
    """Return an array of any kind and shape."""
    shape = draw.choice([(8,), (8,), (3, 8), (0,), (), (2, 2, 2), (7,)])
    kind = draw.choice([np.int64, np.int32, np.uint8, np.float64, np.float16, bool, "U3", "O", "M8[s]", np.complex128, "V4"])
    values = np.full(shape, draw.choice([0, 1, -1, 255, 1 << 40, 10**18])).astype(np.int64)
    if kind == np.float64:
        return values * draw.choice([1.0, np.nan, np.inf, 1e300, 1e-320])
    return values.astype("S4").astype(kind) if kind == "V4" else values.astype(kind)


def damaged(draw: random.Random, content: bytes) -> bytes:
    """Return bytes as they are, cut, with changed bits, or with some twice."""
    how = draw.randrange(8)
    data = bytearray(content)
    if how == 0:
        return bytes(data[: draw.randrange(len(data) + 1)])
    for _ in range(draw.randrange(1, 5) if how in (1, 2) else 0):
        if data:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    if how == 3 and data:
        at = draw.randrange(len(data))
        data[at:at] = data[at : at + draw.randrange(64)]
    return bytes(data)


def toml(draw: random.Random) -> bytes:
    """Return a configuration."""
    values = (
        "8",
        "0",
        "-1",
        "9" * 5000,
        "0x" + "f" * 5000,
        "1e999",
        "nan",
        "true",
        '"up"',
        "[8]",
        "{}",
        "[" * 2000,
        '"\\u0000"',
        '"é"',
        "1979-05-27",
        '["ecp5-25k"]',
        "12",
    )
    lines = [f"{draw.choice(TOML)} = {draw.choice(values)}" for _ in range(draw.randrange(4))]
    return damaged(draw, ("\n".join(lines) + "\n").encode())


def table(draw: random.Random) -> bytes:
    """Return a table in CSV."""
    names = ",".join(draw.choice(FIELDS) for _ in range(draw.randrange(1, 3)))
    cells = ("1", "0", "x", "", "1.5", "9" * 40, "9" * 5000, "-1", " 3 ", "nan", '"1"')
    rows = [",".join(draw.choice(cells) for _ in range(draw.randrange(1, 3))) for _ in range(draw.choice([0, 1, 8, 8]))]
    text = draw.choice(["\n", "\r\n", "\r"]).join([names, *rows])
    return damaged(draw, draw.choice([b"", b"\xef\xbb\xbf", b"\xff\xfe"]) + text.encode())


def document(draw: random.Random, value: object) -> bytes:
    """Return a JSON document, one value in it changed or lost, or its text damaged."""
    others = [
        None,
        True,
        0,
        -1,
        1 << 70,
        1.5,
        float("nan"),
        float("inf"),
        "",
        "a/b",
        "../../etc/passwd",
        "\ud800",
        "a\0b",
        [],
        {},
        [[]],
        "9" * 500,
        "x" * 300,
    ]
    value = json.loads(json.dumps(value))
    for _ in range(draw.randrange(3)):
        at, parent = value, None
        while isinstance(at, (dict, list)) and at and (parent is None or draw.random() < 0.7):
            parent, key = at, draw.choice(list(at) if isinstance(at, dict) else range(len(at)))
            at = at[key]
        if parent is not None:
            if isinstance(parent, dict) and draw.random() < 0.3:
                del parent[key]
            else:
                parent[key] = draw.choice(others)
    text = json.dumps(value)
    if draw.random() < 0.05:
        text = "[" * 100_000
    return damaged(draw, text.encode()) if draw.random() < 0.3 else text.encode()


def special(draw: random.Random, path: Path) -> None:
    """Put something at a path that is no regular file of a usual size."""
    kind = draw.randrange(8)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to(path.name)
    elif kind == 3:
        path.symlink_to("/dev/zero")
    elif kind == 4:
        with path.open("wb") as file:
            file.truncate(1 << 42)
    elif kind == 5:
        path.symlink_to("nowhere")
    elif kind == 6:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo("weight.npy")
            archive.writestr(entry, b"\0")
        content = path.read_bytes()
        path.write_bytes(content.replace((1).to_bytes(4, "little") * 2, (0xFFFFFFF0).to_bytes(4, "little") * 2))
    else:
        path.write_bytes(draw.randbytes(draw.choice([0, 1, 100, 70_000])))
