"""Every command of README and of the tutorials runs, in the order of its page, and prints what the page shows."""

import re
import runpy
import shlex
import subprocess
import sys

import pytest
import yaml

from sc_hw import __version__
from sc_hw.cli import app
from sc_hw_models.rule_file import RULE_FILES

from .daily import check
from .pages import ROOT, Command, File, blocks, play, told

PAGES: dict[str, set[str]] = {  # and the verbs that take less than a second; the others simulate, learn, prove and synthesise
    "README.md": {"emit"},
    "docs/rule_tutorial.md": {"rule", "emit"},
    "docs/tutorials/rule_or_network.md": {"rule", "emit"},
    "docs/tutorials/chip_or_soc.md": {"emit", "estimate"},
    "docs/tutorials/digits.md": {"emit"},
    "docs/tutorials/trained_network.md": set(),
    "docs/curves.md": set(),
    "docs/imports.md": {"python", "import", "emit"},
    "docs/ci.md": {"emit"},
    "docs/packages.md": {"emit", "package"},
}

FETCHED = re.compile(
    r'<(?:script|img|iframe|source)[^>]*\bsrc="(?:https?:)?//'
    r'|<link[^>]*\brel="(?:stylesheet|preconnect|preload)"[^>]*\bhref="(?:https?:)?//'
    r"|\burl\([\"']?(?:https?:)?//|@import"
)


@pytest.fixture
def played(sc_hw, tmp_path, monkeypatch):
    """Play a page, whole or some of its verbs, in a folder of its own; return how many commands ran."""
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")
    return lambda page, verbs=None: play(page, tmp_path, sc_hw, monkeypatch.chdir, verbs)


@pytest.mark.parametrize("page", [page for page, quick in PAGES.items() if quick])
def test_the_quick_commands_of_a_page(played, page):
    text = (ROOT / page).read_text()
    there = sum(isinstance(block, Command) and block.verb in PAGES[page] for block in blocks(text))
    assert played(text, PAGES[page]) == there > 0


@pytest.mark.parametrize("page", PAGES)
@check("simulations, proofs and synthesis, which other tests do too")
def test_a_page_from_its_first_command_to_its_last(played, page):
    text = (ROOT / page).read_text()
    assert played(text) == sum(isinstance(block, Command) and block.verb != "cd" for block in blocks(text))


def test_every_tutorial_is_among_them():
    written = {str(path.relative_to(ROOT)) for path in (ROOT / "docs/tutorials").glob("*.md")}
    assert written == {page for page in PAGES if page.startswith("docs/tutorials/")}


def test_a_page_that_shows_something_else_is_found(played):
    page = "```console\n$ sc-hw rule new mine\nmine.py: a rule to begin with; next: sc-hw rule check mine.py\n```\n"
    assert played(page) == 1
    for name, wrong in (("a", page.replace("begin", "end")), ("b", page.replace("check mine.py", "check mine.py\nand more"))):
        with pytest.raises(AssertionError, match="the page"):
            played(wrong.replace("mine", name))


@pytest.mark.parametrize("command", ["sc-hw emit --synapses 0 -o core", "rm -rf core", "sh -c true"])
def test_a_command_that_fails_or_is_no_page_s_is_found(played, command):
    with pytest.raises(AssertionError):
        played(f"```console\n$ {command}\n```\n")


def test_only_what_differs_between_runs_is_masked(tmp_path):
    assert told(f"PASS, 18.4 s\n\n ──── \n{tmp_path}/core: 3 %", tmp_path) == ["PASS, # s", "core: 3 %"]
    assert told("1,024 synapses, 18.4 MHz", tmp_path) == ["1,024 synapses, 18.4 MHz"]


def test_a_page_is_files_and_commands_in_its_order():
    file, console = '```toml title="a.toml"\nx = 1\n```\n', '```console\n$ sc-hw emit \\\n    -o "a b"\nline\n$ ls\n```\n'
    page = f"{file}\n{console}\n```python\nprint()\n```\n"
    assert [*blocks(page)] == [
        File("a.toml", "x = 1\n"),
        Command(("sc-hw", "emit", "-o", "a b"), ("line",)),
        Command(("ls",), ()),
    ]
    with pytest.raises(ValueError, match="what command"):
        [*blocks("```console\nline\n```\n")]


def test_every_make_target_that_a_page_names_is_one():
    targets = {line.split(":")[0] for line in (ROOT / "Makefile").read_text().splitlines() if re.match(r"[a-z-]+:", line)}
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        named = re.findall(r"^(?:    |\$ )make ([a-z-]+)|`make ([a-z-]+)", page.read_text(), re.MULTILINE)
        assert {a or b for a, b in named} <= targets, page


def test_the_network_of_the_first_page_is_the_example():
    import tomllib

    page = (ROOT / "docs/tutorials/rule_or_network.md").read_text()
    (shown,) = (block.text for block in blocks(page) if isinstance(block, File))
    example = tomllib.loads((ROOT / "examples/networks/digits.toml").read_text())
    del example["network"], example["sample"]  # its defaults
    assert tomllib.loads(shown) == example


def test_the_instance_of_the_first_page_is_the_one_of_the_folder():
    (top,) = (block.text for block in blocks((ROOT / "docs/tutorials/chip_or_soc.md").read_text()) if isinstance(block, File))
    assert f"```verilog\n{top}```" in (ROOT / "docs/folder.md").read_text()


def test_the_workflow_runs_what_its_page_does():
    steps = yaml.safe_load((ROOT / "examples/ci/parity.yml").read_text())["jobs"]["parity"]["steps"]
    runs = [step["run"].replace('"$CORE/', '"core/').replace('"$CORE"', "core") for step in steps if "run" in step]
    commands = [tuple(shlex.split(run.replace('"$TOP"', "sc_core"))) for run in runs[1:]]  # the first makes the machine ready
    page = [block.words for block in blocks((ROOT / "docs/ci.md").read_text()) if isinstance(block, Command)]
    assert commands == page[1:]  # the first makes a core to look at


def test_the_figures_of_the_gallery_are_those_of_the_pages_behind_it():
    for section in (ROOT / "docs/gallery.md").read_text().split("\n## ")[1:-1]:
        measured = "".join((ROOT / "docs" / page).read_text() for page in re.findall(r"\((measured/[a-z]+\.md)\)", section))
        cells = [cell.strip() for row in re.findall(r"^\|(.*)\|$", section, re.MULTILINE) for cell in row.split("|")]
        figures = [figure for cell in cells for figure in cell.split(" and ") if re.fullmatch(r"[\d.,]+", figure)]
        assert figures
        for figure in figures:
            assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)", measured), (section.splitlines()[0], figure)


def test_each_decision_has_one_number_and_a_line_in_the_index():
    index = (ROOT / "docs/decisions/index.md").read_text()
    listed = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$", index, re.MULTILINE)
    notes = sorted((ROOT / "docs/decisions").glob("0*.md"))
    assert [f"# {number}. {title}" for number, title, _ in listed] == [note.read_text().splitlines()[0] for note in notes]
    assert [(f"{int(number):04}", name) for number, _, name in listed] == [(note.name[:4], note.name) for note in notes]
    assert [int(number) for number, _, _ in listed] == list(range(1, len(notes) + 1))


def test_the_schema_of_every_file_is_on_the_page_that_tells_of_upgrades():
    sources = [path.read_text() for room in ("sc_hw", "models") for path in (ROOT / room).rglob("*.py")]
    written = {
        schema
        for text in sources
        for schema in re.findall(r"^(?:\w+, )*\w*(?:SCHEMA|schema)\b.*?\"(sc-hw/[\w-]+/\d+)\"", text, re.M)
    }
    told_of = set(re.findall(r"`(sc-hw/[\w-]+/\d+)`", (ROOT / "docs/upgrading.md").read_text()))
    assert written <= told_of, written - told_of
    assert all(any(f'"{schema}"' in text for text in sources) for schema in told_of)


def test_every_verb_has_a_manual_page_with_every_option():
    pages = runpy.run_path(str(ROOT / "docs/man_pages.py"))["pages"]()
    assert {f"sc-hw-{verb}.1" for verb in app.commands} < set(pages)
    for verb, command in app.commands.items():
        options = [name for option in command.params for name in option.opts if name.startswith("--")]
        assert all(name.replace("-", "\\-") in pages[f"sc-hw-{verb}.1"] for name in options)
        assert not [line for line in pages[f"sc-hw-{verb}.1"].splitlines() if line[:1] == "." and not line[1:3].strip().isupper()]


def test_the_line_of_the_tutorial_is_what_check_says(sc_hw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")
    sc_hw("rule", "new", "my_rule")
    path = tmp_path / "my_rule.py"
    path.write_text(path.read_text().replace("trace = select(pre, full, decayed)", "trace = full if pre else decayed"))
    page = (ROOT / "docs/rule_tutorial.md").read_text()
    (line,) = (line.strip() for line in page.splitlines() if line.startswith("    my_rule.py:"))
    assert sc_hw("rule", "check", "my_rule.py")[:2] == (2, f"{tmp_path}/{line}\n")


def test_every_link_of_the_pages_outside_docs_leads_somewhere():
    for page in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
            assert (ROOT / target).exists(), (page, target)


def test_what_is_cited_is_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} < set(cited)
    assert cited["version"] == __version__


@check("mkdocs builds all pages")
def test_the_pages_build_strictly_and_fetch_nothing(tmp_path):
    site = tmp_path / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = [path for ending in ("html", "css") for path in site.rglob(f"*.{ending}")]
    assert len(written) > len([*(ROOT / "docs").rglob("*.md")])
    for path in written:
        assert not FETCHED.search(path.read_text()), path
    for fetches in (
        '<script async src="https://a.b/c.js">',
        '<link rel="preconnect" href="//a.b" crossorigin>',
        "url(https://a.b/c)",
    ):
        assert FETCHED.search(fetches)


@check("matplotlib draws")
def test_the_curves_are_what_their_page_draws(played, tmp_path):
    played((ROOT / "docs/curves.md").read_text())
    assert (tmp_path / "curves.svg").read_bytes() == (ROOT / "docs/images/curves.svg").read_bytes()


@check("networks learn digits")
@pytest.mark.parametrize(("program", "made"), [("learning_picture.py", "learned"), ("raster_picture.py", "shown")])
def test_the_pictures_of_networks_are_what_the_code_draws(program, made):
    drawn = runpy.run_path(str(ROOT / "docs" / program))
    found = drawn[made]()
    assert drawn["picture"](*found if made == "learned" else (found,)) == drawn["PICTURE"].read_text()
