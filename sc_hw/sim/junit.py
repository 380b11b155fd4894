"""The result of a simulation as JUnit, which continuous integration reads: a test case for each core."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree  # only written, never read

__all__ = ["junit"]


def junit(cores: Sequence[dict[str, Any]], *, seed: int, seconds: float) -> bytes:
    """Return JUnit XML of one run; ``cores`` are its records, each with the core's ``name``.

    It names no machine, no date and no folder. ``seconds`` are those of the whole run, which cores share.
    """
    failed = sum(core["mismatch"] is not None for core in cores)
    counts = {"tests": str(len(cores)), "failures": str(failed), "errors": "0", "skipped": "0", "time": f"{seconds:.3f}"}
    suites = ElementTree.Element("testsuites", {"name": "sc-hw", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "sim", **counts})
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", {"name": "seed", "value": str(seed)})
    for core in cores:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "sim", "name": core["name"], "time": "0.000"})
        if mismatch := core["mismatch"]:
            text = str(mismatch["text"])
            ElementTree.SubElement(case, "failure", {"message": text.splitlines()[0], "type": "mismatch"}).text = text
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
