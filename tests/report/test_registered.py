"""A verb that leaves a record is known wherever the report asks about one."""

import inspect
import re
from pathlib import Path

import pytest

from sc_hw.emitted import is_result
from sc_hw.report import join
from sc_hw.report.head import TOOLS
from sc_hw.report.join import TITLES
from sc_hw.report.schema import RECORDS
from sc_hw.report.verdicts import VERDICTS

from .records import VERBS

ROOT = Path(__file__).parents[2] / "sc_hw"
UNTITLED = {"replay"}  # of no run that a core should have


def leaving(root):
    """Return the verbs whose code leaves a record: in a run of theirs, or by themselves."""
    found = set()
    for path in root.rglob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r'\b(?:begin|begun|begin_network)\(\s*"(\w+)"', text))
        if "write_results(" in text and path.name != "records.py":
            found |= set(re.findall(r'"verb": "(\w+)"', text))
    return found


def unknown(verbs):
    """Return what lacks each of the verbs, as the place where it is to be named."""
    summaries = set(re.findall(r'case "(\w+)"', inspect.getsource(join.summary_of)))
    places = {
        "report/schema.py: RECORDS": RECORDS,
        "report/verdicts.py: VERDICTS": VERDICTS,
        "report/head.py: TOOLS": TOOLS,
        "report/join.py: TITLES": {*TITLES, *UNTITLED},
        "report/join.py: summary_of": summaries,
        "emitted.py: _RESULT": {verb for verb in verbs if is_result(f"{verb}.json")},
        "tests/report/records.py: VERBS": VERBS,
    }
    return [f"{verb}: not in {place}" for verb in sorted(verbs) for place, known in places.items() if verb not in known]


def test_every_verb_that_leaves_a_record_is_known_to_the_report():
    found = leaving(ROOT) | {"coverage"}  # the other record of sim
    assert unknown(found) == []
    assert found == set(RECORDS)


@pytest.mark.parametrize("line", ['with begin("count", folder) as run:', 'write_results(core, {"verb": "count"}, None)'])
def test_a_verb_that_the_report_does_not_know_is_found(tmp_path, line):
    (tmp_path / "command.py").write_text(f"{line}\n")
    assert leaving(tmp_path) == {"count"}
    assert len(unknown({"count"})) == 7
