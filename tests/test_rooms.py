"""The rooms: generic code names no kind of consolidation, and every kind has its file in each room."""

import ast
import re
from pathlib import Path

import pytest

from sc_hw_models.kinds import FIRST_CHOICE, KINDS

ROOT = Path(__file__).parents[1]
PLACES = {"models/sc_hw_models/kinds": ".py", "sc_hw/rtl/kinds": ".py", "rtl_templates/kinds": ".v.j2"}
GENERIC = ("models", "sc_hw", "sim", "synth", "rtl_templates")
# Where a kind's name is something else: a way of training in software that the kind is called after.
TRAINING = ("models/sc_hw_models/continual/trainer.py", "sc_hw/train/command.py")
OWN = {"kinds": ("kinds/", "/rules/")}  # a rule's presets choose a kind


def missing_and_orphans(root, names):
    """Return what rooms lack of the kinds, and files in them that belong to none."""
    result = []
    for folder, suffix in PLACES.items():
        expected = {f"{name}{suffix}" for name in names} | ({"__init__.py"} if suffix == ".py" else set())
        present = {path.name for path in (root / folder).iterdir() if path.name != "__pycache__"}
        result += [f"missing {folder}/{name}" for name in sorted(expected - present)]
        result += [f"orphan {folder}/{name}" for name in sorted(present - expected)]
    return result


def sources(root):
    """Yield name and text of every source of generic code."""
    for folder in GENERIC:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".j2"):
                yield path.relative_to(root).as_posix(), path.read_text()


def words(name, text):
    """Yield each string of a source: of Python what is one to Python, of a template what stands in quotes."""
    if name.endswith(".py"):
        yield from (n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    else:
        for code in re.findall(r"\{%.*?%\}|\{\{.*?\}\}", text, re.DOTALL):
            yield from re.findall(r'"(\w+)"', code)


def named(root, names, own):
    """Return the places where generic code has one of the names as a string."""
    return [
        f"{name}: {word!r}"
        for name, text in sources(root)
        if not any(part in name for part in own) and re.search(rf"[\"'](?:{'|'.join(names)})[\"']", text)
        for word in words(name, text)
        if word in names
    ]


def test_every_kind_has_its_files_and_every_file_its_kind():
    assert FIRST_CHOICE in KINDS
    assert missing_and_orphans(ROOT, KINDS) == []
    assert missing_and_orphans(ROOT, (*KINDS, "half")) == [f"missing {place}/half{suffix}" for place, suffix in PLACES.items()]
    assert len(missing_and_orphans(ROOT, KINDS[:-1])) == len(PLACES)


def test_generic_code_names_no_kind():
    """``none`` is a word of other things, too; a kind that is nothing is told by what it answers."""
    assert named(ROOT, set(KINDS) - {"none"}, (*OWN["kinds"], *TRAINING)) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("sc_hw/derive.py", 'if config.consolidation == "lock":\n    pass\n'),
        ("models/sc_hw_models/networks/memory.py", 'resting = kind not in ("pull", "si")\n'),
        ("rtl_templates/engine.v.j2", '{% if config.consolidation in ("probabilistic", "x") %}\n'),
    ],
)
def test_a_name_in_generic_code_is_found(file, line, tmp_path):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert named(tmp_path, set(KINDS) - {"none"}, (*OWN["kinds"], *TRAINING))[0].startswith(f"{file}: ")
