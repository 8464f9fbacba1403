"""The served plant of the Modbus tests."""

from tests.protocols.modbus.conftest import plant

__all__ = ["plant"]
