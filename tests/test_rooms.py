"""The rooms: generic code names no kind of consolidation, rule, block or topology; every kind has its file in each room."""

import ast
import re
from pathlib import Path

import grimp
import pytest

from sc_hw.proof.blocks import ROOMS
from sc_hw.proof.ledger import LEDGER
from sc_hw.rtl.blocks import BLOCKS as KINDS_OF_BLOCK
from sc_hw.rtl.topologies import TOPOLOGIES as DESIGNS
from sc_hw_models.blocks import BLOCKS as PLAYED
from sc_hw_models.kinds import FIRST_CHOICE, KINDS
from sc_hw_models.registry import RULES

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
    assert missing_and_orphans(ROOT, (*KINDS, "no_such_kind")) == [
        f"missing {place}/no_such_kind{suffix}" for place, suffix in PLACES.items()
    ]
    assert len(missing_and_orphans(ROOT, KINDS[:-1])) == len(PLACES)


def test_generic_code_names_no_kind():
    """``none`` is a word of other things, too; a kind that is nothing is told by what it answers."""
    assert named(ROOT, set(KINDS) - {"none"}, (*OWN["kinds"], *TRAINING)) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("sc_hw/derive/command.py", 'if config.consolidation == "lock":\n    pass\n'),
        ("models/sc_hw_models/networks/memory.py", 'resting = kind not in ("pull", "si")\n'),
        ("rtl_templates/engine.v.j2", '{% if config.consolidation in ("probabilistic", "x") %}\n'),
    ],
)
def test_a_name_in_generic_code_is_found(file, line, tmp_path):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert named(tmp_path, set(KINDS) - {"none"}, (*OWN["kinds"], *TRAINING))[0].startswith(f"{file}: ")


BLOCK_FOLDERS = {
    "models/sc_hw_models/blocks": {"__init__.py", "block.py"},
    "sim/sc_hw_sim/blocks": {"__init__.py", "stimulus.py"},
}


def lacking(root, kinds, played):
    """Return what kinds of blocks lack of a golden model, a stimulus, either RTL and a proof; and orphans of these."""
    result = []
    for folder, own in BLOCK_FOLDERS.items():
        present = {path.name for path in (root / folder).iterdir() if path.name != "__pycache__"} - own
        result += [f"missing {folder}/{name}" for name in sorted({f"{name}.py" for name in played} - present)]
        result += [f"orphan {folder}/{name}" for name in sorted(present - {f"{name}.py" for name in played})]
    proven = {assumption.harness for assumption in LEDGER}
    for kind in kinds:
        name, (room, _, component) = kind.__name__, kind.component.partition(".")
        amaranth = root / "sc_hw" / "rtl" / f"{room}.py"
        if kind.golden not in played:
            result.append(f"{name}: no golden model {kind.golden}")
        if not amaranth.is_file() or f"class {component}(" not in amaranth.read_text():
            result.append(f"{name}: no Amaranth {kind.component}")
        if not (root / "rtl_templates" / kind.template).is_file():
            result.append(f"{name}: no template {kind.template}")
        if kind.harness not in proven or not (root / "sc_hw" / "proof" / f"{kind.harness}.sv.j2").is_file():
            result.append(f"{name}: no proof {kind.harness}")
    return result + [f"{name}: of no kind of block" for name in played if name not in {kind.golden for kind in kinds}]


def test_every_kind_of_block_has_a_golden_model_both_rtls_and_a_proof():
    assert lacking(ROOT, KINDS_OF_BLOCK, PLAYED) == []
    assert {room.kind for room in ROOMS} <= set(KINDS_OF_BLOCK)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("golden", "Other: no golden model nothing"),
        ("component", "Other: no Amaranth nothing"),
        ("template", "Other: no template nothing"),
        ("harness", "Other: no proof nothing"),
    ],
)
def test_what_a_kind_of_block_lacks_is_found(entry, told):
    other = type("Other", (KINDS_OF_BLOCK[0],), {entry: "nothing"})
    assert lacking(ROOT, (*KINDS_OF_BLOCK, other), PLAYED) == [told]
    assert lacking(ROOT, KINDS_OF_BLOCK, PLAYED[1:])[0].startswith("orphan")
    assert lacking(ROOT, KINDS_OF_BLOCK, (*PLAYED, "nothing"))[0].startswith("missing")


def test_blocks_of_graphs_are_of_kinds_that_are_known():
    """What a topology puts between its cores has no way around the registry."""
    files = {
        path.name
        for path in (ROOT / "sc_hw" / "rtl").glob("*.py")
        if re.search(r"^    harness: ClassVar", path.read_text(), re.M)
    }
    assert files == {f"{kind.__module__.rpartition('.')[2]}.py" for kind in KINDS_OF_BLOCK} | {"blocks.py", "graph.py"}


# What a room's name is elsewhere, with the reason.
KINDS_OF_TOPOLOGY = sorted(set(DESIGNS) - {"core"})  # what stands between cores; a core is what all of them are made of
TOPOLOGY_ROOMS = (
    "/topologies",
    *(f"rtl/{kind}.py" for kind in KINDS_OF_TOPOLOGY),
    *(f"sim/sc_hw_sim/{kind}.py" for kind in KINDS_OF_TOPOLOGY),
    "sim/sc_hw_sim/resting.py",  # plays a crossbar's rows to rest: a part of its bench
    "sc_hw/derive/",  # a layer of a trained network: the key of its record
    "sc_hw/emit/network.py",  # the option of that
)
BLOCK_ROOMS = (
    "sc_hw/rtl/",
    "sc_hw/coverage/fanout.py",
    "sc_hw/coverage/rows.py",
    "sc_hw/coverage/addresses.py",
    "sc_hw/coverage/store.py",
    "/topologies/",
    "sc_hw/proof/blocks/",
    "sim/sc_hw_sim/blocks/",
)
RULE_ROOMS = (
    "sc_hw/learning_emitter.py",  # a name that users of another library know, of one rule
    "sc_hw/network_folder.py",  # networks, whose synapses learn by one rule
    "sc_hw/rtl/networks/design.py",
)
TOPOLOGIES = {
    *KINDS_OF_TOPOLOGY,
    *(DESIGNS[kind].design.__name__ for kind in KINDS_OF_TOPOLOGY),
    *(f"{kind.capitalize()}{what}" for kind in KINDS_OF_TOPOLOGY for what in ("Bench", "Model")),
}
BLOCKS = {room.kind.__name__ for room in ROOMS} | {"QueueDesign", "fanout", "fan_out", "row_filter", "rows_memory"}


def using(root, names, own):
    """Return the places of the toolchain and the bench that have one of the names, as a string, a name or an import."""
    result = []
    for folder in ("sc_hw", "sim"):
        for path in sorted((root / folder).rglob("*.py")):
            name, text = path.relative_to(root).as_posix(), path.read_text()
            if any(part in name for part in own) or not re.search("|".join(names), text):
                continue
            found = set()
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom):
                    found |= {*(alias.name for alias in node.names), *(node.module or "").split(".")[-1:]}
                elif isinstance(node, ast.Name) and not node.id.islower():
                    found.add(node.id)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
            result += [f"{name}: {word}" for word in sorted(found & names)]
    return result


# Where each topology has its file, and the registry there.
TOPOLOGY_FOLDERS = {
    "sc_hw/rtl": "topologies.py",
    "sc_hw/manifest/topologies": "__init__.py",
    "sc_hw/coverage/topologies": "__init__.py",
    "sc_hw/topologies": "__init__.py",
    "sc_hw/api/topologies": "__init__.py",
    "sc_hw/vectors/topologies": "__init__.py",
    "sim/sc_hw_sim": "topologies.py",
}


def unplaced(root, kinds):
    """Return the files that topologies lack, and the registries that import none of those there."""
    result = []
    for folder, registry in TOPOLOGY_FOLDERS.items():
        tree = ast.parse((root / folder / registry).read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
        known = {name for node in imports for name in (node.module, *(alias.name for alias in node.names))}
        result += [f"missing {folder}/{kind}.py" for kind in kinds if not (root / folder / f"{kind}.py").is_file()]
        result += [f"missing in {folder}/{registry}: {kind}" for kind in kinds if kind not in known]
    return result


def test_every_topology_has_its_file_and_its_line_in_each_room():
    assert unplaced(ROOT, KINDS_OF_TOPOLOGY) == []
    assert len(unplaced(ROOT, ["row"])) == 2 * len(TOPOLOGY_FOLDERS)
    found = {path.relative_to(ROOT).parent.as_posix() for room in ("sc_hw", "sim") for path in (ROOT / room).rglob("*.py")
             if re.search(r"^_?TOPOLOGIES\b.* = ", path.read_text(), re.MULTILINE)}  # fmt: skip
    assert found == set(TOPOLOGY_FOLDERS)


def test_generic_code_names_no_topology():
    assert using(ROOT, TOPOLOGIES, TOPOLOGY_ROOMS) == []


def test_generic_code_names_no_block():
    assert using(ROOT, BLOCKS, BLOCK_ROOMS) == []


def test_generic_code_names_no_rule():
    assert using(ROOT, set(RULES), (*RULE_ROOMS, "sc_hw/rtl/rules/")) == []


@pytest.mark.parametrize(
    ("file", "line", "names"),
    [
        ("sc_hw/coverage/moments.py", "if isinstance(design, CrossbarDesign): pass\n", TOPOLOGIES),
        ("sc_hw/emit/command.py", "from .rtl.layer import made\n", TOPOLOGIES),
        ("sim/sc_hw_sim/bench.py", 'if kind == "crossbar": pass\n', TOPOLOGIES),
        ("sc_hw/sim/simulate.py", "from .rtl.rows import RowsDesign as R\n", BLOCKS),
        ("sc_hw/proof/ledger.py", 'absent = {("fanout", "pre_waits")}\n', BLOCKS),
        ("sc_hw/selftest/run.py", 'if rule.name == "stp": pass\n', set(RULES)),
        ("sc_hw/proof/lane.py", "from sc_hw_models.rules.r_stdp import RULE\n", set(RULES)),
    ],
)
def test_a_name_of_a_room_in_generic_code_is_found(file, line, names, tmp_path):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert using(tmp_path, names, (*TOPOLOGY_ROOMS, *BLOCK_ROOMS, *RULE_ROOMS))[0].startswith(f"{file}: ")


DOORS = {"sc_hw.__main__", "sc_hw.start", "sc_hw.learning_emitter"}  # what users and Python itself ask for


def unshared(graph):
    """Return modules that stand beside the rooms and serve one of them alone."""
    return sorted(
        module
        for module in graph.modules
        if module.count(".") == 1 and module.startswith("sc_hw.") and not graph.find_children(module)
        if len({".".join(user.split(".")[:2]) for user in graph.find_modules_that_directly_import(module)}) < 2
    )


def test_a_verb_is_a_room_and_what_stands_beside_them_is_shared():
    graph = grimp.build_graph("sc_hw")
    assert set(unshared(graph)) == DOORS
    asked = {verb for room in graph.find_children("sc_hw.verbs") for verb in graph.find_modules_directly_imported_by(room)}
    assert {
        f"sc_hw.{verb}.command" for verb in ("sim", "proof", "selftest", "mutate", "replay", "report", "synth", "emit")
    } <= asked
    graph.add_import(importer="sc_hw.sim.simulate", imported="sc_hw.alone")
    assert "sc_hw.alone" in unshared(graph)
