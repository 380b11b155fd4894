"""Mutation of the golden models: mutmut with tests/models as the killer, in a folder of its own; prints the score.

    python tests/mutate_models.py FOLDER [--least PERCENT]

mutmut finds a package under src only, so the models are copied there. Exit status 1 when fewer than PERCENT are killed.
"""

import argparse
import collections
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=float, default=90.0, metavar="PERCENT")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "models", folder / "src")
    shutil.copytree(ROOT / "tests" / "models", folder / "tests" / "models")
    shutil.copy2(ROOT / "tests" / "__init__.py", folder / "tests")
    shutil.copy2(ROOT / "pyproject.toml", folder)
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run"], cwd=folder, check=True)
    said = subprocess.run([*mutmut, "results", "--all", "true"], cwd=folder, check=True, capture_output=True, text=True).stdout
    verdicts = re.findall(r"^\s+(\S+): (.+)$", said, re.MULTILINE)
    counts = collections.Counter(verdict for _, verdict in verdicts)
    for name, verdict in verdicts:
        if verdict not in ("killed", "timeout"):
            print(f"{verdict}: {name}")
    score = 100 * (counts["killed"] + counts["timeout"]) / max(1, len(verdicts))
    print(f"{len(verdicts)} mutants of the models, {score:.1f} % killed: {dict(counts)}")
    sys.exit(score < arguments.least)


if __name__ == "__main__":
    main()
