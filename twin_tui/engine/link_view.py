"""What a screen gets of the links of a running twin."""

from twin_tui.engine.signals import value


@value
class ClientView:
    """One client of a link."""

    name: str
    quiet_s: float
    """Wall seconds since its last request."""
    requests: int


@value
class LinkView:
    """One server, line or peer that a device, or with an empty name the whole site, speaks to."""

    device: str
    address: str
    """Such as "127.0.0.1:5021 unit 1"."""
    protocol: str
    clients: tuple[ClientView, ...] = ()
    requests: int = 0
    requests_per_s: float = 0.0
    state: str = ""
    """The state of a link that is not simply open, such as "waiting for a control type"."""
    fault: str = ""
    """How the link is made to misbehave, or what is wrong with it."""
    steers: bool = False
    """Whether an energy manager is at the other end."""

    def concerns(self, device: str) -> bool:
        """Return whether it is a link of the device or of the whole site."""
        return self.device in (device, "")


@value
class TrafficLine:
    """One decoded frame: when, its client, and what it says."""

    number: int
    age_s: float
    client: str
    text: str
    raw: str = ""
