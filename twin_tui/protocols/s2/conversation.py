"""One conversation with an energy manager, without sockets: text in, messages out."""

import json
import math
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Instruct, Revoke, SelectControl
from twin_tui.engine.s2.builders import quantity_of
from twin_tui.engine.s2.control import Control
from twin_tui.engine.s2.controls import control_of
from twin_tui.engine.s2.descriptions import demand_of, description_of, offered
from twin_tui.engine.s2.mode_control import ModeControl
from twin_tui.engine.s2.model import ControlType
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, readable
from twin_tui.protocols import product
from twin_tui.protocols.s2.convert import INSTRUCTIONS, Message, MessageConverter
from twin_tui.protocols.s2.forecast import forecast_of, forecasts
from twin_tui.protocols.s2.names import NIL, Names
from twin_tui.protocols.s2.schema import VERSIONS, fault_of, is_id

NOT_CONTROLLABLE = "NOT_CONTROLABLE"
NO_SELECTION = "NO_SELECTION"

POWER_EVERY_S, POWER_CHANGE = 10.0, 0.01
"""A measurement is sent at least this often, and when the power changes by this fraction of its maximum."""
LEVEL_EVERY_S, LEVEL_CHANGE = 30.0, 0.001
DEMAND_EVERY_S, DEMAND_CHANGE = 300.0, 0.05
FORECAST_EVERY_S = 900.0
UNREAD_LIMIT = 1000
"""Messages queued for an energy manager that does not read them; one more ends the connection."""
BUSY_OUTBOX = 20
DROPPABLE = ("PowerMeasurement", "FRBC.StorageStatus")


def _decoded(text: str | bytes) -> Any:
    """Return the content of JSON text; raise ValueError for a lone surrogate, which UTF-8 cannot encode."""
    message = json.loads(text.decode() if isinstance(text, bytes) else text)
    json.dumps(message, ensure_ascii=False).encode()
    return message


class S2State(Enum):
    """State of a conversation, as the console displays it."""

    CONNECTING = "connecting"
    HANDSHAKE = "handshake"
    SELECTING = "waiting for a control type"
    CONTROLLED = "controlled"
    REFUSED = "refused"
    CLOSED = "closed"


class Conversation:
    """The Resource Manager's side of one connection. Messages to send are in ``outbox``."""

    def __init__(
        self, engine: Engine, device: str, names: Names, offset_s: Callable[[], float], origin: str = "s2"
    ) -> None:
        self._engine = engine
        self._device = engine.device(device)
        self._converter = MessageConverter(engine, names)
        self._offset_s = offset_s
        self._origin = origin
        self.outbox: deque[Message] = deque()
        self.wake: Callable[[], None] = lambda: None
        """Called when there is something to send."""
        self.state = S2State.HANDSHAKE
        self.detail = ""
        """Why it was refused or closed; the last error that the energy manager reported."""
        self.closing = False
        self.reconnect = False
        """Whether the energy manager has requested a new connection at once."""
        self.overrun = False
        """Whether the energy manager has left too many messages unread: nothing more is queued."""
        self._control: Control | None = None
        self._published: dict[str, tuple[float, float]] = {}
        """When each kind of measurement was last sent, in simulated time, and its value."""
        self._largest_w = 1.0

    @property
    def control(self) -> ControlType | None:
        """The control type in force."""
        return self._control.kind if self._control is not None else None

    @property
    def version(self) -> str:
        """The version of the standard that was selected, "" before."""
        return self._converter.version

    def begin(self) -> None:
        """Send the handshake."""
        self._shift_clock()
        self._send({"message_type": "Handshake", "role": "RM", "supported_protocol_versions": list(VERSIONS)})

    def end(self) -> None:
        """End the control type, if one is in force; the mode or setpoints from before it come back."""
        control, self._control = self._control, None
        if control is not None:
            control.notify = None
            if self._device.control is control:
                self._engine.submit(SelectControl(self._device.name, "", self._origin))
        if self.state is not S2State.REFUSED:
            self.state = S2State.CLOSED

    def fail(self, error: Exception) -> None:
        """End the conversation because of an error in the twin."""
        self.detail = f"internal error of the twin: {error!r}"
        self.closing = True
        self._note(self.detail)

    def receive(self, text: str | bytes) -> None:
        """Process a message; its reception status is sent before anything else that it causes."""
        try:
            message = _decoded(text)
        except (ValueError, RecursionError) as error:
            self._reception(NIL, "INVALID_DATA", f"not JSON: {error}")
            return
        if isinstance(message, dict) and message.get("message_type") == "ReceptionStatus":
            self._on_reception_status(message)
            return
        subject = message.get("message_id") if isinstance(message, dict) else None
        if not is_id(subject):
            self._reception(NIL, "INVALID_DATA", "no message_id" if subject is None else "invalid message_id")
            return
        fault = fault_of(message)
        if fault:
            self._reception(subject, "INVALID_MESSAGE", fault)
            return
        self._act(message, subject)

    def _act(self, message: Message, subject: str) -> None:
        self._shift_clock()
        kind = message["message_type"]
        act = self._ACTIONS.get(kind) or (Conversation._instruct if kind in INSTRUCTIONS else None)
        if act is None:
            self._reception(subject, "INVALID_CONTENT", f"a resource manager does not accept {kind}")
            return
        mark = len(self.outbox)
        try:
            act(self, message)
        except CommandError as error:
            self._reception(subject, "INVALID_CONTENT", str(error))
            return
        if not self.overrun:
            # the reception status precedes the messages that the action has queued
            self.outbox.insert(mark, self._reception_message(subject, "OK"))
            self.wake()

    def publish(self) -> None:
        """Send measurements, fill level and forecast that have changed or are due."""
        if self.state not in (S2State.SELECTING, S2State.CONTROLLED):
            return
        self._publish_power()
        if isinstance(self._control, ModeControl) and self._control.kind is ControlType.FRBC:
            level = self._control.level
            if self._is_due("level", level, LEVEL_EVERY_S, LEVEL_CHANGE):
                self._send({"message_type": "FRBC.StorageStatus", "present_fill_level": level})
        if self._control is not None and self._control.kind is ControlType.DDBC:
            self._publish_demand()
        if forecasts(self._device) and self._is_due("forecast", 0.0, FORECAST_EVERY_S, 1.0):
            start = self._converter.now()
            elements = forecast_of(self._engine, self._device)
            self._send({"message_type": "PowerForecast", "start_time": start, "elements": elements})

    def _is_due(self, what: str, value: float, every_s: float, change: float) -> bool:
        """Return whether a value is sent now: the first one, one that has changed, or one after a while."""
        now_s = self._engine.time_s
        sent_s, sent = self._published.get(what, (-math.inf, math.inf))
        due = abs(value - sent) >= change or now_s - sent_s >= every_s
        if due:
            self._published[what] = now_s, value
        return due

    def _publish_power(self) -> None:
        power_w = 0.0 - self._device.state.active_power_w
        self._largest_w = max(self._largest_w, abs(power_w))
        if self._is_due("power", power_w, POWER_EVERY_S, POWER_CHANGE * self._largest_w):
            value = {"commodity_quantity": quantity_of(self._device), "value": power_w}
            stamp = self._converter.now()
            self._send(
                {"message_type": "PowerMeasurement", "measurement_timestamp": stamp, "values": [value]}
            )

    def _publish_demand(self) -> None:
        # in version 0.0.2 only the system description has the demand
        demand = demand_of(self._device, self._engine.surroundings)
        if self._converter.version != "1.0.0-beta" or demand is None:
            return
        low_w, high_w = demand
        before_w = self._published.get("demand", (0.0, 0.0))[1]
        if self._is_due("demand", high_w, DEMAND_EVERY_S, DEMAND_CHANGE * max(before_w, 1.0)):
            rate = {"start_of_range": low_w, "end_of_range": high_w}
            self._send({"message_type": "DDBC.PresentDemandStatus", "present_demand_rate": rate})

    def _send(self, message: Message) -> None:
        kind = message["message_type"]
        if kind in DROPPABLE and len(self.outbox) > BUSY_OUTBOX:
            return
        full = {"message_type": kind, "message_id": self._converter.names.message(), **message}
        fault = fault_of(full)
        if fault:
            raise AssertionError(f"{self._device.name}: {fault}")
        self._queue(full)

    def _queue(self, message: Message) -> None:
        if self.overrun:
            return
        self.outbox.append(message)
        if len(self.outbox) > UNREAD_LIMIT:
            self.overrun = True
            self._refuse(f"the energy manager does not read: {len(self.outbox)} messages unread")
            self.outbox.clear()
        self.wake()

    def _reception_message(self, subject: str, status: str, label: str = "") -> Message:
        body: Message = {"message_type": "ReceptionStatus", "subject_message_id": subject, "status": status}
        return {**body, "diagnostic_label": label} if label else body

    def _reception(self, subject: str, status: str, label: str) -> None:
        label = readable(label)
        self._note(f"answered {status}: {label}")
        self._queue(self._reception_message(subject, status, label))

    def _on_reception_status(self, message: Message) -> None:
        fault = fault_of(message)
        if fault:
            self._note(f"invalid reception status from the energy manager: {fault}")
            return
        status = message["status"]
        if status == "OK":
            return
        label = message.get("diagnostic_label", "")
        self.detail = readable(f"the energy manager answered {status}{': ' + label if label else ''}")
        if status == "PERMANENT_ERROR":
            self._refuse(self.detail)
        else:
            self._note(self.detail)

    def _note(self, text: str) -> None:
        self._engine.note(LogKind.S2, self._device.name, text, self._origin)

    def _refuse(self, why: str) -> None:
        if not self.closing:
            self.state, self.detail, self.closing = S2State.REFUSED, readable(why), True
            self.wake()

    def _shift_clock(self) -> None:
        self._converter.offset_s = self._offset_s()

    def _on_handshake(self, message: Message) -> None:
        if message["role"] != "CEM":
            self._refuse("the peer is not an energy manager (CEM) but a resource manager (RM)")
            raise CommandError(self.detail)
        theirs = message.get("supported_protocol_versions")
        if theirs is not None and not set(theirs) & set(VERSIONS):
            self._refuse(
                f"the energy manager supports {', '.join(theirs)}; the twin supports {', '.join(VERSIONS)}"
            )

    def _on_response(self, message: Message) -> None:
        if self.state is not S2State.HANDSHAKE:
            raise CommandError("the handshake is already complete")
        selected = message["selected_protocol_version"]
        if selected not in VERSIONS:
            self._refuse(
                f"the energy manager selected version {selected}; the twin supports {', '.join(VERSIONS)}"
            )
            raise CommandError(self.detail)
        self._converter.version = selected
        self.state = S2State.SELECTING
        device, title = self._device, self._device.type.title
        role, commodity = f"ENERGY_{device.type.role.value}", "ELECTRICITY"
        types = [kind.value for kind in offered(device)] or [NOT_CONTROLLABLE]
        self._send(
            {
                "message_type": "ResourceManagerDetails",
                "resource_id": self._converter.names.resource,
                "name": device.name,
                "roles": [{"role": role, "commodity": commodity}],
                "manufacturer": product.MAKER,
                "model": title,
                "firmware_version": product.version(),
                "instruction_processing_delay": round(self._engine.dt_s * 1000),
                "available_control_types": types,
                "provides_forecast": forecasts(device),
                "provides_power_measurement_types": [quantity_of(device)],
            }
        )
        self.publish()

    def _on_selection(self, message: Message) -> None:
        if self.state not in (S2State.SELECTING, S2State.CONTROLLED):
            raise CommandError("a control type can be selected only after the handshake")
        requested = message["control_type"]
        kinds = offered(self._device)
        if requested == NO_SELECTION or (requested == NOT_CONTROLLABLE and not kinds):
            self._release()
            return
        kind = next((kind for kind in kinds if kind.value == requested), None)
        if kind is None:
            known = ", ".join(kind.value for kind in kinds) or NOT_CONTROLLABLE
            raise CommandError(f"{requested} is not available; available: {known}")
        description = description_of(self._device, kind, self._engine.surroundings)
        self._release()
        self._engine.submit(SelectControl(self._device.name, kind.name, self._origin))
        control = self._control = control_of(self._device)
        self.state = S2State.CONTROLLED
        for message_out in self._converter.descriptions(description):
            self._send(message_out)
        for update in control.statuses():
            self._send(self._converter.update(update, kind))
        control.updates.clear()
        control.notify = self._forward
        for what in ("level", "power"):
            self._published.pop(what, None)
        self.publish()

    def _release(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            if self._device.control is control:
                self._engine.submit(SelectControl(self._device.name, "", self._origin))
            self._forward_from(control)
        self.state = S2State.SELECTING

    def _forward(self) -> None:
        if self._control is not None:
            self._forward_from(self._control)

    def _forward_from(self, control: Control) -> None:
        while control.updates:
            self._send(self._converter.update(control.updates.popleft(), control.kind))

    def _instruct(self, message: Message) -> None:
        kind = message["message_type"]
        control = self._in_force(kind, INSTRUCTIONS[kind])
        data = self._converter.instruction(message)
        unknown = data.pop("unknown", "")
        if unknown:
            raise CommandError(unknown)
        if self._device.control is not control:
            raise CommandError("the twin has ended the control type; select it again")
        self._engine.submit(Instruct(self._device.name, data, self._origin))

    def _revoke(self, message: Message) -> None:
        kind = message["object_type"]
        if kind not in INSTRUCTIONS:
            raise CommandError(f"{kind} cannot be revoked by an energy manager")
        self._in_force(kind, INSTRUCTIONS[kind])
        self._engine.submit(Revoke(self._device.name, message["object_id"], self._origin))

    def _in_force(self, kind: str, needed: ControlType) -> Control:
        if self._control is None:
            raise CommandError(f"{kind} before a control type is selected")
        if self._control.kind is not needed:
            raise CommandError(f"{kind} while {self._control.kind.name} is selected")
        return self._control

    def _on_session_request(self, message: Message) -> None:
        label = message.get("diagnostic_label", "")
        self.reconnect = message["request"] == "RECONNECT"
        self.closing = True
        what = "a new connection" if self.reconnect else "the end of the session"
        self.detail = readable(f"the energy manager requested {what}{': ' + label if label else ''}")
        self._note(self.detail)

    _ACTIONS: ClassVar[dict[str, Callable[["Conversation", Message], None]]] = {
        "Handshake": _on_handshake,
        "HandshakeResponse": _on_response,
        "SelectControlType": _on_selection,
        "SessionRequest": _on_session_request,
        "RevokeObject": _revoke,
    }
