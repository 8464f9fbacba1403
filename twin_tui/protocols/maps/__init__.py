"""Register maps: the user's files that say what stands in which Modbus register."""

from twin_tui.protocols.maps.binding import Binding, bind
from twin_tui.protocols.maps.model import RegisterMap
from twin_tui.protocols.maps.parse import load_map, parse_map

__all__ = ["Binding", "RegisterMap", "bind", "load_map", "parse_map"]
