"""The parts and words of the screens, explained where the help is asked for."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "P": "active power; + flows into the site's bus, − out of it; the grid is + while importing",
    "P*": "the setpoint: the power that was last requested of the device",
    "SOC": "state of charge: the energy in the cells or the car, 0 to 100 %",
    "EMS": "energy management system: the client that writes setpoints",
    "W 46s": "the last write by a client, and its age by the clock on the wall",
    "pu": "per unit: 1 pu is the nominal voltage, or the rated power",
    "▲": "alarm: a trip, a fault, an abnormal grid; it stays until somebody acknowledges it",
    "TRIPPED": "disconnected by its grid protection; it comes back after the delay of its grid code",
    "CEASED": "connected, but without current until the voltage is back",
    "WAITING": "ready, waiting for the delay of the grid code before it starts",
    "latched": "a fault that stays after its cause is gone, until it is reset",
    "forced": "of a reported value: clients and screen have a fixed one until it is released; the device "
    "goes on with the real one; of a command: the device follows the forced one, no write changes it, and "
    "once released it stays until the next write",
    "*": "a value of the device is forced; 50%* is a state of charge that is forced",
    "raw": "the register's content as it is on the wire",
    "rw": "r: clients may read the register, w: they may write it",
    "factor": "the share of the device's power limits that an operation mode may use, 0 to 1",
    "mode": "an operation mode: the twin itself sets the device's setpoints; mode off gives them back",
    "S2": "the protocol EN 50491-12-2, by which an energy manager steers devices",
    "FRBC": "fill rate based control: S2 for storage; OMBC by operation modes, DDBC by demand",
}
OF_VIEW: Mapping[str, tuple[str, ...]] = {
    "overview": ("P", "P*", "SOC", "*", "EMS", "W 46s", "pu", "▲", "TRIPPED", "CEASED", "WAITING"),
    "device": ("P", "SOC", "pu", "latched", "forced", "TRIPPED", "CEASED", "WAITING"),
    "registers": ("raw", "rw", "W 46s", "forced", "EMS"),
    "log": ("▲", "W 46s", "pu", "latched", "TRIPPED"),
    "active": ("forced", "latched", "pu"),
    "modes": ("mode", "factor", "S2", "FRBC", "P*"),
    "traffic": ("EMS",),
}
"""Which of them each view uses."""

PARTS: Mapping[str, str] = {
    "status": "site, run state and speed, simulated time t, time of day, grid, clients, recording",
    "devices": "a row each: the key that chooses it, state, P, P*, last minutes, SOC, energy of the day, age "
    "of the last write, or who else has set P*",
    "flow": "who feeds the site's bus (right) and who takes from it (left), kW; energy since midnight, kWh",
    "chart": "P and P* (dashed) of the chosen device; beneath its writes W, injections, trips, modes M, and "
    "the last write with its effect",
    "charts": "the same of the other devices and the grid",
    "clients": "every server, its clients and their requests",
    "registers": "address, name, type, raw content, value, whether clients read or write it, the last writer",
    "detail": "of the chosen register: bits, limits, last writes and what the device did",
    "events": "simulated time, kind, device, what happened, by whom, and its effect: what the power did "
    "after how long, or why nothing followed",
    "device": "state, power and why it gives what it gives",
    "signals": "everything the device reports; < marks what can be commanded",
    "links": "ports and clients, energy manager, last writes",
    "trends": "the drawn signals over time",
    "injections": "what is still in force, and for how long; beneath the scenario that is played",
    "modes": "what steers each device, and the modes that it has",
    "frames": "requests and responses of one link, newest last",
    "tour": "what to try next on a first run",
    "keys": "what can be done here: press or click",
}
OF_WIDGET: Mapping[str, str] = {
    "StatusBar": "status",
    "DeviceList": "devices",
    "PowerFlow": "flow",
    "Timeline": "chart",
    "Charts": "charts",
    "Links": "clients",
    "RegisterPane": "registers",
    "RegisterDetail": "detail",
    "LogPane": "events",
    "SignalList": "signals",
    "Side": "links",
    "Trend": "trends",
    "ActiveList": "injections",
    "ModeList": "modes",
    "TrafficList": "frames",
    "Tour": "tour",
    "Hints": "keys",
}
"""The part that each widget is."""
