"""S2 on the wire: the twin as Resource Manager, a WebSocket client of an energy manager (CEM)."""
