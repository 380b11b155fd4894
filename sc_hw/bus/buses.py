"""The buses that there are: what each is called and its ports."""

from dataclasses import dataclass

from ..rtl.port import Port, input_port, output_port

__all__ = ["BUSES", "Bus"]


@dataclass(frozen=True, kw_only=True)
class Bus:
    """A bus: its name on the command line, that of its template, its ports but the address, and the names of those."""

    name: str
    template: str
    title: str
    addresses: tuple[str, ...]
    others: tuple[Port, ...]

    def ports(self, address_bits: int) -> tuple[Port, ...]:
        """Return its ports with byte addresses of so many bits."""
        found = (input_port(name, address_bits, meaning="byte address in the window") for name in self.addresses)
        return (*found, *self.others)


BUSES = {
    bus.name: bus
    for bus in (
        Bus(
            name="axi-lite",
            template="axi_lite",
            title="AXI4-Lite",
            addresses=("s_axi_awaddr", "s_axi_araddr"),
            others=(
                input_port("s_axi_awvalid", meaning="an address to write to is offered"),
                output_port("s_axi_awready", meaning="it is taken at this clock edge, together with the data"),
                input_port("s_axi_awprot", 3, meaning="protection; of no meaning here"),
                input_port("s_axi_wvalid", meaning="data to write are offered"),
                output_port("s_axi_wready", meaning="they are taken at this clock edge"),
                input_port("s_axi_wdata", 32, meaning="data to write"),
                input_port("s_axi_wstrb", 4, meaning="which of their bytes"),
                output_port("s_axi_bvalid", meaning="a write was done"),
                input_port("s_axi_bready", meaning="that is taken at this clock edge"),
                output_port("s_axi_bresp", 2, meaning="0: done; 2: an error, nothing was written"),
                input_port("s_axi_arvalid", meaning="an address to read from is offered"),
                output_port("s_axi_arready", meaning="it is taken at this clock edge"),
                input_port("s_axi_arprot", 3, meaning="protection; of no meaning here"),
                output_port("s_axi_rvalid", meaning="what was read is offered"),
                input_port("s_axi_rready", meaning="it is taken at this clock edge"),
                output_port("s_axi_rdata", 32, meaning="what was read, 0 with an error"),
                output_port("s_axi_rresp", 2, meaning="0: done; 2: an error, no beat was taken"),
            ),
        ),
        Bus(
            name="wishbone",
            template="wishbone",
            title="Wishbone B4",
            addresses=("wb_adr_i",),
            others=(
                input_port("wb_cyc_i", meaning="a cycle is under way"),
                input_port("wb_stb_i", meaning="it asks for this; all is kept until the answer"),
                input_port("wb_we_i", meaning="1: write; 0: read"),
                input_port("wb_sel_i", 4, meaning="which bytes are written"),
                input_port("wb_dat_i", 32, meaning="data to write"),
                output_port("wb_ack_o", meaning="answer: done"),
                output_port("wb_err_o", meaning="answer: an error, nothing was written and no beat taken"),
                output_port("wb_dat_o", 32, meaning="what was read, 0 with an error"),
            ),
        ),
        Bus(
            name="apb",
            template="apb",
            title="APB4",
            addresses=("paddr",),
            others=(
                input_port("psel", meaning="this is selected"),
                input_port("penable", meaning="access phase; all is kept until pready"),
                input_port("pwrite", meaning="1: write; 0: read"),
                input_port("pprot", 3, meaning="protection; of no meaning here"),
                input_port("pwdata", 32, meaning="data to write"),
                input_port("pstrb", 4, meaning="which bytes are written"),
                output_port("pready", meaning="answer"),
                output_port("pslverr", meaning="with pready: an error, nothing was written and no beat taken"),
                output_port("prdata", 32, meaning="what was read, 0 with an error"),
            ),
        ),
    )
}
