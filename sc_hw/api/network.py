"""A network that learns in the chip, as a classifier with scikit-learn's names."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sc_hw_models.networks import NetworkModel, network_model
from sc_hw_models.rule import ConfigError
from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..folder import npz_bytes
from ..network_file import WEIGHTS, network_line, network_of, network_toml, weights_bytes
from ..outlet import outlet, write_outlet
from ..reading import read_npz
from .call import Folder, Settings, joined, path_of
from .core import Core, emit

if TYPE_CHECKING:
    from ..driver import NetworkDriver, Transport

__all__ = ["NetworkClassifier", "network"]


class NetworkClassifier:
    """The golden network of a TOML file: it learns sample by sample, bit for bit as the chip.

    Samples are bytes ``(samples, pixels)``, classes integers from 0. ``model`` is the golden model with all it holds.
    Errors: ``UserError`` for samples or classes of another kind.
    """

    _estimator_type = "classifier"  # what scikit-learn asks for before 1.6

    def __init__(self, path: Folder, settings: Settings | None = None) -> None:
        self._given = {"path": path, "settings": settings}
        self.path = path_of("network", path)
        self.spec = network_of(self.path, option="", settings=joined(settings, {}))
        self.model: NetworkModel = network_model(self.spec)
        self.record: dict[str, Any] = {}  # of sc_hw.imported

    @property
    def classes_(self) -> np.ndarray:
        """The classes, as scikit-learn names them."""
        return np.arange(self.spec.output.size)

    def fit(self, x: Any, y: Any, *, passes: int = 10, seed: int = 1) -> Self:
        """Learn from the start: all samples ``passes`` times, each time in another order, more slowly toward the end."""
        model = network_model(self.spec)
        _checked(lambda: model.fit(x, y, passes=passes, seed=seed))
        self.model = model
        return self

    def partial_fit(self, x: Any, y: Any) -> Self:
        """Learn samples once, in their order, after what was learned before."""
        _checked(lambda: self.model.partial_fit(x, y))
        return self

    def consolidate(self) -> Self:
        """End a task: weights become anchors, importances codes, wherever the kind of consolidation has them."""
        self.model.consolidate()
        return self

    def predict(self, x: Any) -> np.ndarray:
        """Return the class of each sample; nothing is learned."""
        return np.asarray(_checked(lambda: self.model.predict(x)))

    def score(self, x: Any, y: Any) -> float:
        """Return the part of the samples that are decided as their class; nothing is learned."""
        return float(_checked(lambda: self.model.score(x, y)))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what this was made with, for scikit-learn, which makes others like it: ``clone``, ``cross_val_score``."""
        return dict(self._given)

    def set_params(self, **given: Any) -> Self:
        """Become the network of another ``path`` or other ``settings``, which has learned nothing. Errors: ``UserError``."""
        if odd := given.keys() - self._given.keys():
            raise UserError(f"{', '.join(sorted(odd))}: unknown; allowed are {', '.join(self._given)}")
        if given:
            NetworkClassifier.__init__(self, **{**self._given, **given})
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether anything was learned, for scikit-learn."""
        return self.model.samples > 0

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of its estimators: this is a classifier that needs classes."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(),
        )

    def weights(self, projection: str) -> np.ndarray:
        """Return the weights of a projection now, ``(rows, neurons)``: a row for each sender, the bias the last."""
        if not isinstance(projection, str) or projection not in self.model.memories:
            raise UserError(f"projection {projection!r}: unknown; allowed are {', '.join(self.model.memories)}")
        return self.model.memories[projection].state["weight"].copy()

    def save(self, path: Folder) -> None:
        """Write everything that the network holds now, as ``sc-hw fit`` leaves it in ``state.npz``."""
        write_outlet(outlet(str(path_of("state", path))), npz_bytes(self.model.state), "state")

    def restore(self, path: Folder) -> Self:
        """Take back what ``save`` or ``sc-hw fit`` wrote. Errors: ``UserError`` for another file, or one of another network."""
        state = read_npz(
            path_of("state", path), option="state", what="give a file that NetworkClassifier.save or sc-hw fit wrote"
        )
        _checked(lambda: self.model.load(state))
        return self

    def driver(self, transport: "Transport | str" = "virtual", *, bus: str = "axi-lite") -> "NetworkDriver":
        """Return the driver of the chip behind a bus, with the weights that this network has learned (docs/bus.md).

        ``transport`` is as in ``Core.driver``. The chip's random registers are at their seeds. Errors: as there.
        """
        from ..driver import NetworkDriver

        driver = self.emit(bus=bus).driver(transport)
        if not isinstance(driver, NetworkDriver):
            raise TypeError("the driver of a network is of another kind")
        if self.model.samples:
            driver.load(self.model.state)
        return driver

    def emit(
        self,
        output: Folder | None = None,
        *,
        name: str | None = None,
        bus: str | None = None,
        bus_streams: str | None = None,
        force: bool = False,
    ) -> Core:
        """Write the chip, with the weights that its file gives it before it has learned, as ``sc-hw emit --network``."""
        with temporary_folder(prefix="sc-hw-") as scratch:
            path = scratch / "network.toml"
            path.write_text(network_toml(self.spec), encoding="utf-8")
            if self.spec.weights:
                (scratch / WEIGHTS).write_bytes(weights_bytes(self.spec))
            return emit(network=path, output=output, name=name, bus=bus, bus_streams=bus_streams, force=force)

    def __repr__(self) -> str:
        return network_line(self.spec)

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f"<div><strong>{escape(str(self.path))}</strong> {escape(repr(self))}, {self.model.samples:,} samples learned</div>"
        )


def network(path: Folder, *, settings: Settings | None = None) -> NetworkClassifier:
    """Return the network that a TOML file describes, changed by settings such as ``{"population.input.jitter": 1}``."""
    return NetworkClassifier(path, settings)


def _checked(what: Any) -> Any:
    """Return what a call of a model returns; what it refuses is the user's to mend."""
    try:
        return what()
    except ConfigError as error:
        raise UserError(str(error)) from error
