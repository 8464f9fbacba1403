"""Which devices of the site are still there, frame by frame."""

from dataclasses import replace

from twin_tui.engine.view import Frame, SiteView


class Presence:
    """The site without the devices that were in a frame and are in none since."""

    def __init__(self, site: SiteView) -> None:
        self._whole = self.site = site
        self._seen: frozenset[str] = frozenset()
        self._gone: frozenset[str] = frozenset()

    def update(self, frame: Frame) -> frozenset[str]:
        """Take in a frame; return the devices that it is the first to lack."""
        now = frozenset(device.name for device in frame.snapshot.devices)
        if now == self._seen:
            return frozenset()
        vanished, self._seen = self._seen - now, now
        self._gone = (self._gone | vanished) - now
        there = tuple(device for device in self._whole.devices if device.name not in self._gone)
        self.site = replace(self._whole, devices=there)
        return vanished
