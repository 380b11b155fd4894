"""Draw the pictures of designs in these pages: ``python docs/pictures.py`` writes them into docs/images."""

from pathlib import Path

from sc_hw.diagram import diagram
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.layer import LayerDesign
from sc_hw_models.registry import get_rule

__all__ = ["pictures"]


def pictures() -> dict[str, str]:
    """Return the pictures by file name."""
    r_stdp, three_factor, stp = get_rule("r_stdp"), get_rule("three_factor"), get_rule("stp")
    crossbar = CrossbarDesign.made("crossbar", r_stdp, r_stdp.config_type(), pre=12, post=8, lanes=4, addressed=True)
    neurons = CoreDesign(name="layer_neurons", rule=stp, config=stp.config_type(), synapses=64)
    layer = LayerDesign(name="layer", rule=three_factor, config=three_factor.config_type(), synapses=640, presynaptic=neurons)
    return {f"{design.name}.svg": diagram(design) for design in (crossbar, layer)}


if __name__ == "__main__":
    for name, text in pictures().items():
        (Path(__file__).parent / "images" / name).write_text(text, encoding="utf-8")
