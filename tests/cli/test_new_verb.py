"""A verb that does not come with sc-hw: a folder and its lines, as CONTRIBUTING says, in a tree beside this one."""

import os
import subprocess
import sys

from ..planted_bugs import ROOT

COMMAND = '''\
"""The verb ``count``: how many bits of state an emitted core holds."""

from collections.abc import Callable
from pathlib import Path

from ..run import begin

__all__ = ["count_command"]


def count_command(folder: Path, json_path: Path | None, echo: Callable[[str], None]) -> int:
    """Tell and record the bits of state of an emitted folder; return 0. Errors: ``UserError`` for a folder that is no core."""
    with begin("count", folder) as run:
        bits = run.core.design.synapse_bits
        run.publish([{"verb": "count", "verdict": "pass", "state_bits": bits}], json_path)
    echo(f"PASS {run.core.design.name}: {bits:,} bits of state")
    return 0
'''
VERB = '''\
@click.command(cls=Verb)
@folder_argument
@json_option
def count(folder: Path, json_path: Path | None) -> None:
    """Count the bits of state that an emitted core holds."""
    from ..count.command import count_command

    sys.exit(count_command(folder, json_path, click.echo))


'''
VERDICT = """\
def _count(core: Core, record: Record) -> tuple[str, ...]:
    return (word(record["state_bits"] == core.design.synapse_bits),)


"""
FUNCTION = '''\


def count(folder: Folder, *, rule: Folder | None = None, json: Folder | None = None) -> Result:
    """Count the bits of state that an emitted core holds."""
    return call("count", folder=folder, rule=rule, json=json)
'''
NEW = {
    "sc_hw/count/__init__.py": '"""The verb ``count``: how many bits of state an emitted core holds."""\n',
    "sc_hw/count/command.py": COMMAND,
}
# Where a line goes, and before what; the last, at the end of the file.
LINES = [
    # The command line.
    ("sc_hw/verbs/measure.py", '"doctor", "estimate"', '"count", '),
    ("sc_hw/verbs/measure.py", "@click.command(cls=Verb)\n@folder_argument\n@target_option(target_names)", VERB),
    ("sc_hw/cli.py", "doctor, estimate", "count, "),
    ("sc_hw/cli.py", "    estimate,\n    synth", "    count,\n"),
    # Python.
    ("sc_hw/api/measure.py", '"doctor", "estimate"', '"count", '),
    ("sc_hw/api/core.py", "    synth = measure.synth", "    count = measure.count\n"),
    ("sc_hw/__init__.py", "    from .api.measure import doctor", "    from .api.measure import count as count\n"),
    ("sc_hw/__init__.py", '"doctor", "estimate"', '"count", '),
    ("sc_hw/api/measure.py", "", FUNCTION),
    # Its record.
    ("sc_hw/report/schema.py", "class _Resources(Struct)", "class _Counts(Record, kw_only=True):\n    state_bits: Count\n\n\n"),
    ("sc_hw/report/schema.py", '    "replay": _Replay', '    "count": _Counts,\n'),
    ("sc_hw/report/verdicts.py", "VERDICTS: dict", VERDICT),
    ("sc_hw/report/verdicts.py", '    "replay": _replay', '    "count": _count,\n'),
    ("sc_hw/report/head.py", '    "replay": ((', '    "count": ((), ()),\n'),
    ("sc_hw/report/join.py", '    "accuracy": "Accuracy"', '    "count": "State bits",\n'),
    (
        "sc_hw/report/join.py",
        '        case "accuracy"',
        '        case "count":\n            return f"{record[\'state_bits\']:,} bits"\n',
    ),
    ("sc_hw/emitted.py", "counterexample|coverage", "count|"),
]
# What is run in the copy: the verb, what the report says of its record and of another one, and what is refused.
PLAYED = """
import json, sys
from pathlib import Path
import sc_hw
core = sc_hw.load(sys.argv[1])
counted = core.count()
print(counted.passed, counted.state_bits, "PASS dut: 208 bits of state" in counted.text)
(entry,) = [entry for entry in core.report().entries if entry["verb"] == "count"]
print(entry["status"], entry["summary"])
path = Path(sys.argv[1]) / "results" / "count.json"
path.write_text(json.dumps(json.loads(path.read_text()) | {"state_bits": 209}))
for again in (core.report, lambda: sc_hw.count("nothing")):
    try:
        again()
    except sc_hw.UserError as error:
        print(error)
"""


def linked(tree, changed, inside=""):
    """Fill a tree with links to this one, compiled modules too; what is ``changed`` is a file of its own."""
    for entry in (ROOT / inside).iterdir():
        name = f"{inside}{entry.name}"
        if not any(one == name or one.startswith(f"{name}/") for one in changed):
            (tree / name).symlink_to(entry)
        elif entry.is_dir():
            (tree / name).mkdir()
            linked(tree, changed, f"{name}/")
        else:
            (tree / name).write_text(entry.read_text())


def test_a_verb_is_a_folder_and_lines_that_contributing_lists(make_core, tmp_path_factory):
    core, folder = make_core(synapses=4), tmp_path_factory.mktemp("tree")
    linked(folder, {name for name, _, _ in LINES})
    for name, text in NEW.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for name, before, line in LINES:
        text = (folder / name).read_text()
        assert text.count(before) == 1 or not before, (name, before)
        (folder / name).write_text(text.replace(before, line + before) if before else text + line)
    places = os.pathsep.join(str(folder / place) for place in (".", "models", "sim"))
    environment = {**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PLAYED, str(core.folder)]
    done = subprocess.run(command, cwd=core.folder.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counted, reported, contradicted, refused = done.stdout.splitlines()
    assert counted == "True 208 True"
    assert reported == "pass 208 bits"
    assert "verdict is pass, and the rest of it comes to fail" in contradicted
    assert refused.startswith("nothing/manifest.json: cannot be read")
