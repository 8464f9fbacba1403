"""Modbus: servers, the two framings, link faults and traffic capture."""
