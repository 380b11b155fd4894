"""Which block of a network a name means."""

from collections.abc import Callable

from ..errors import UserError, in_shell, shown
from ..network_folder import EmittedNetwork
from .place import see_standing

__all__ = ["network_place", "within_network"]


def network_place(network: EmittedNetwork, name: str) -> str:
    """Return the place of the block that a name means, its place or its module. Errors: ``UserError`` for none."""
    for place, block in network.design.blocks.items():
        if name in (place, block.name, block.name.removeprefix(f"{network.design.name}_")):
            return place
    allowed = ", ".join(network.design.blocks)
    raise UserError(f"--block {shown(name)}: no block of {in_shell(network.folder)}; allowed are {allowed}")


def within_network(name: str, *, proof: bool = False) -> Callable[[EmittedNetwork], str]:
    """Return where in the results of a network those of the block called ``name`` go, as ``within`` of a core."""

    def of_block(network: EmittedNetwork) -> str:
        place = network_place(network, name)
        if not proof:
            see_standing(network, place, network.design.blocks[place].name)
        return f"blocks/{place}"

    return of_block
