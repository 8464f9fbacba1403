"""Modbus: the server core, its two framings, and what happens on the wire."""
