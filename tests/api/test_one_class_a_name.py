"""A name that a user may type stands for one class: ``Network`` is the one of ``sc_hw_models.network``, wherever one looks."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import sc_hw

ROOT = Path(__file__).parents[2]
PACKAGES = {"sc_hw": ROOT / "sc_hw", "sc_hw_models": ROOT / "models" / "sc_hw_models", "sc_hw_sim": ROOT / "sim" / "sc_hw_sim"}
# Names that public modules share, and which. ``sc_hw.Core`` has the verbs of an emitted core and holds the other, which
# says what its folder holds: ``sc_hw.manifest.load_core`` returns it. Each topology has a file with its ``Shape``.
ALLOWED = {
    "Core": ["sc_hw.api.core", "sc_hw.manifest.load"],
    "Shape": [f"sc_hw.manifest.topologies.{topology}" for topology in ("core", "crossbar", "layer")],
}
# Names that are one class in all modules, public or not: they would be mistaken in what an error or a type checker says.
EVERYWHERE = ("Network", "NetworkClassifier", "EmittedNetwork", "NetworkModel", "NetworkSpec", "Population", "Projection")


@cache
def everything():
    """Return ``classes`` of all that is installed."""
    return classes(PACKAGES)


def classes(packages):
    """Return the modules of each class by its name: those that a module defines and lists in its ``__all__``."""
    found = defaultdict(set)
    for package, folder in packages.items():
        for path in sorted(folder.rglob("*.py")):
            module = ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
            text = path.read_text(encoding="utf-8")
            listed = re.search(r"^__all__ = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
            for name in set(re.findall(r"^class (\w+)", text, re.MULTILINE)):
                if listed and f'"{name}"' in listed[1]:
                    found[name].add(module)
    return found


@cache
def shown():
    """Return the modules and packages that a page's programs import from, but for the whole one."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"))
    return set(re.findall(r"^ *(?:from|import) (sc_hw[\w.]*)", pages, re.MULTILINE)) - {"sc_hw"}


def public(modules):
    """Return those of modules that are public: all models, the package's own names, and what a page imports."""
    own = {f"sc_hw.{room}" for room in sc_hw._ROOMS} | shown()
    return {m for m in modules if m.startswith("sc_hw_models") or any(m == o or m.startswith(f"{o}.") for o in own)}


def twice(found):
    return {name: sorted(public(modules)) for name, modules in found.items() if len(public(modules)) > 1}


def test_no_two_public_classes_have_one_name():
    assert twice(everything()) == ALLOWED


def test_one_type_is_called_network():
    found = everything()
    assert {name: len(found[name]) for name in EVERYWHERE} == dict.fromkeys(EVERYWHERE, 1)
    assert found["Network"] == {"sc_hw_models.network"}
    assert not hasattr(sc_hw, "Network")
    assert sc_hw.NetworkClassifier.__module__ == "sc_hw.api.network"


def test_a_second_class_of_a_name_is_found(tmp_path):
    (tmp_path / "networks").mkdir()
    for name in ("network.py", "networks/spec.py"):
        (tmp_path / name).write_text('__all__ = ["Network"]\n\n\nclass Network: ...\n\n\nclass _Own: ...\n')
    assert twice(classes({"sc_hw_models": tmp_path})) == {"Network": ["sc_hw_models.network", "sc_hw_models.networks.spec"]}
