"""The serial lines of a twin, apart from its TCP ports: few sites need the packages for them."""

from twin_tui.protocols.modbus.endpoints import ModbusRtu
from twin_tui.protocols.modbus.rtu import LineState, ModbusRtuServer
from twin_tui.protocols.modbus.station import Chance
from twin_tui.protocols.modbus.wires import ModbusWire


class SerialWire(ModbusWire[ModbusRtu, ModbusRtuServer]):
    """One serial line; what becomes of it is in the log."""

    _was_lost = False

    @property
    def name(self) -> str:
        """How a user names it: protocol and line."""
        return f"Modbus RTU on {self.endpoint.port}"

    def make(self, chance: Chance) -> ModbusRtuServer:
        """Return a server that has not started yet."""
        serial = self.endpoint.options
        return ModbusRtuServer(
            self.endpoint.port,
            self.memories,
            identities=self.identities,
            baudrate=serial.baudrate,
            parity=serial.parity,
            stopbits=2 if serial.stopbits == 2 else 1,
            timeout_s=serial.timeout_s,
            chance=chance,
            on_state=self._changed,
        )

    def _changed(self, state: LineState) -> None:
        if state is LineState.LOST:
            self._was_lost = True
            self._log(f"{self.endpoint.port} has gone; trying to open it again")
        elif state is LineState.OPEN and self._was_lost:
            self._log(f"{self.endpoint.port} is back")

    def _trouble(self, server: ModbusRtuServer, unit: int) -> str:
        return server.problem or super()._trouble(server, unit)
