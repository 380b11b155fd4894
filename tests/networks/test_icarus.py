"""Chips of networks where nothing is known that was never written: a dark sample decides as the golden model does."""

import shutil
from dataclasses import replace

import pytest

from sc_hw.network_file import network_of
from sc_hw.network_folder import network_in_memory
from sc_hw.proof.induction import Inquiry
from sc_hw.proof.network.prove import prove_block
from sc_hw.proof.solver import find_solver
from tests.daily import check
from tests.models.networks.random_networks import network
from tests.networks.icarus import DEEP, played, show_of
from tests.networks.small import WIDE

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="no iverilog on PATH")
UNMASKED = ("address_2 <= empty_1 ?", "address_2 <= 1'b0 ?")  # what chips did: of an empty list an entry was read


def chip_of(text, folder):
    (folder / "file.toml").write_text(text)
    return network_in_memory(network_of(folder / "file.toml", option=""), "chip")


@needs_icarus
@pytest.mark.parametrize(
    "text", [DEEP, pytest.param(WIDE, marks=check("the deep network is in every run"))], ids=["deep", "wide"]
)
def test_icarus_agrees_with_the_golden_model_on_dark_samples(text, tmp_path):
    chip = chip_of(text, tmp_path)
    found, wanted = played(chip, chip.verilog_text, tmp_path, *show_of(chip.design.spec, 12, 1))
    assert found == wanted


@needs_icarus
@check("the deep network has what they have")
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 6, 7, 8, 9, 12, 14])
def test_icarus_agrees_on_random_networks(seed, tmp_path):
    chip = network_in_memory(network(seed, "counting"), "chip")
    found, wanted = played(chip, chip.verilog_text, tmp_path, *show_of(chip.design.spec, 12, seed))
    assert found == wanted


@needs_icarus
def test_an_entry_that_was_never_written_is_seen(tmp_path):
    """Planted is what chips did: a dark sample read the first entry of an empty list, and nothing ever decided."""
    chip = chip_of(DEEP, tmp_path)
    texts = {name: text.replace(*UNMASKED) for name, text in chip.verilog_text.items()}
    assert texts != chip.verilog_text
    found, wanted = played(chip, texts, tmp_path, *show_of(chip.design.spec, 2, 1))
    assert found != wanted


@check("a dark sample decides in Icarus in every run")
def test_the_proof_refutes_an_entry_that_was_never_written(tmp_path):
    chip = chip_of(DEEP, tmp_path)
    file = f"{chip.design.blocks['synapses_ab'].name}.v"
    changed = replace(chip, texts={**chip.texts, file: chip.verilog_text[file].replace(*UNMASKED, 1).encode()})
    inquiry = Inquiry(core=changed, solvers=[find_solver("yices")], timeout=60, folder=tmp_path / "run", traces=None)
    verdicts = {o.name: o.verdict for o in prove_block(inquiry, chip.design, "synapses_ab")}
    assert verdicts["synapses_ab/written"] == "refuted"
