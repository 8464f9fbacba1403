"""The simulation: physics, time as a tick count, events. No wire, no screen, no clock, no file."""
