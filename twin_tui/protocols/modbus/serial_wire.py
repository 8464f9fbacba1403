"""The serial lines of a twin, in a file of their own: few sites need the packages for them."""

from twin_tui.protocols.modbus.endpoints import ModbusRtu
from twin_tui.protocols.modbus.rtu import LineState, ModbusRtuServer
from twin_tui.protocols.modbus.station import RngFactory
from twin_tui.protocols.modbus.wires import ModbusWire


class SerialWire(ModbusWire[ModbusRtu, ModbusRtuServer]):
    """One serial line; changes of its state are logged."""

    _was_lost = False

    @property
    def name(self) -> str:
        return f"Modbus RTU on {self.endpoint.line}"

    def make(self, make_rng: RngFactory) -> ModbusRtuServer:
        return ModbusRtuServer(
            self.endpoint.line,
            self.memories,
            identities=self.identities,
            options=self.endpoint.options,
            make_rng=make_rng,
            on_state=self._changed,
        )

    def _changed(self, state: LineState) -> None:
        if state is LineState.LOST:
            self._was_lost = True
            self._log(f"{self.endpoint.line} lost; trying to reopen it")
        elif state is LineState.OPEN and self._was_lost:
            self._log(f"{self.endpoint.line} open again")

    def _fault_text(self, server: ModbusRtuServer, unit: int) -> str:
        return server.problem or super()._fault_text(server, unit)
