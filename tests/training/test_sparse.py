"""Sparse products against dense ones, in C and in NumPy: every density, also rows, columns and vectors with nothing in them."""

import copy
from itertools import product

import numpy as np
import pytest

from sc_hw_models import sparse
from sc_hw_models.compiled import compiler
from sc_hw_models.network import Projection
from sc_hw_models.sparse import SparseMatrix
from sc_hw_models.training.eprop import EpropTrainer

from .test_spiking_joins import SEED

SHAPES = ((1, 1), (3, 7), (40, 9), (150, 130), (1100, 16))  # the last are larger than what is filled in whatever the synapses
SAMPLES = ((), (1,), (7,), (33,), (2, 20))


@pytest.fixture(params=("C", "NumPy"))
def products(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(sparse, "sparse_products", lambda: None)
    elif compiler() is None:
        pytest.skip("no C compiler")
    else:
        assert sparse.sparse_products() is not None
    return request.param


@pytest.mark.parametrize("density", [0.0, 0.1, 0.9, 1.0])
def test_products_are_those_of_the_dense_matrix(products, density):
    g = np.random.default_rng(SEED)
    for n, m in SHAPES:
        mask = g.random((n, m)) < density
        indptr, indices = np.concatenate([[0], np.cumsum(mask.sum(axis=1))]), np.nonzero(mask)[1]  # the latter is strided
        matrix, values = SparseMatrix((n, m), indptr, indices), g.normal(size=mask.sum())
        dense = np.zeros((n, m))
        dense[mask] = values
        for samples, activity in product(SAMPLES, (0.0, 0.04, 0.3, 1.0)):  # what follows what was sent, and what does not
            sent = g.normal(size=(*samples, n)) * (g.random((*samples, n)) < activity)
            back = g.normal(size=(m, *samples)).T if len(samples) == 1 else g.normal(size=(*samples, m))
            for held in (None, matrix.held(values)):
                np.testing.assert_allclose(matrix.product(sent, values, held), sent @ dense, atol=1e-12)
                np.testing.assert_allclose(matrix.transposed(back, values, held), back @ dense.T, atol=1e-12)
            if len(samples) == 1:
                np.testing.assert_allclose(matrix.outer(sent, back), (sent.T @ back)[mask], atol=1e-12)
                three = [(sent, back), (2 * sent, back), (sent, 3 * back)]
                np.testing.assert_allclose(matrix.outers(three), 6 * (sent.T @ back)[mask], atol=1e-11)


def test_what_is_sparse_can_be_copied(products):
    g = np.random.default_rng(SEED)
    mask = g.random((150, 130)) < 0.1
    matrix = SparseMatrix((150, 130), np.concatenate([[0], np.cumsum(mask.sum(axis=1))]), np.nonzero(mask)[1])
    vector, values = g.random((9, 150)), g.random(mask.sum())
    expected = matrix.product(vector, values)
    assert (copy.deepcopy(matrix).product(vector, values) == expected).all()


def test_eprop_learns_where_projections_have_no_synapses():
    trainer = EpropTrainer(3, 4, 2)
    for k, p in enumerate(trainer.network.projections[:2]):
        empty = Projection.from_matrix(p.source, p.target, np.zeros((p.source.n, p.target.n)), np.zeros((p.source.n, p.target.n)))
        trainer.network.projections[k].rewire(empty.indptr, empty.indices, empty.data)
    for inputs, targets in ((np.ones((5, 3)), np.ones((5, 2))), (np.ones((5, 6, 3)), np.ones((5, 6, 2)))):
        assert np.isfinite(trainer.train_sequence(inputs, targets))
