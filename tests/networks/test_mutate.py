"""Mutants of a network are judged beside the network without one, which must be proven."""

import pytest

from ..daily import check
from .small import SMALL_FILE


@pytest.fixture
def edited(sc_hw, tmp_path):
    """Return the folder of the small network, in which a sum is kept where it should begin anew."""
    assert sc_hw("emit", "--network", SMALL_FILE, "-o", tmp_path / "net", "--name", "tiny")[0] == 0
    file = tmp_path / "net" / "tiny_sums_0.v"
    text = file.read_text()
    file.write_text(text.replace("wire replace = product_0_first", "wire replace = ~product_0_first"))
    assert file.read_text() != text
    return tmp_path / "net"


@check("a proof of a network takes half a minute")
def test_a_network_that_is_not_proven_has_no_mutants(sc_hw, edited):
    status, _, err = sc_hw("mutate", edited, "--count", "1", "--solver", "yices")
    assert status == 1
    assert "not proven as it is, so no proof tells a mutant from it (sums_" in err
    assert not (edited / "results" / "mutate.json").exists()
