"""What keys and screen commands do: dialogs, time, marks, registers. The twin gets command lines."""

from dataclasses import replace

from textual import work

from twin_tui.commands import values as words
from twin_tui.commands.forms import BY_KEY, INJECTIONS
from twin_tui.commands.run import SPEEDS
from twin_tui.console.keeping import KeepingActions
from twin_tui.engine.why import RESET
from twin_tui.widgets.dialogs import AskDialog, MenuDialog, QuestionDialog
from twin_tui.widgets.form_dialog import FormDialog


class ConsoleActions(KeepingActions):
    """The actions of the console that need no knowledge of how it is laid out."""

    @work
    async def action_command(self, line: str) -> None:
        await self.carry_out(line)

    @work
    async def action_inject(self) -> None:
        phrases = {form.key: form.phrase for form in INJECTIONS if form.possible(self.site)}
        choices = {key: (phrase.title, phrase.about) for key, phrase in phrases.items()}
        key = await self.push_screen_wait(MenuDialog("Inject", choices, self.looks.glyphs))
        if key is not None:
            await self._fill_in(key)

    @work
    async def action_form(self, key: str) -> None:
        await self._fill_in(key, **(self._mode_in_force() if key == "mode" else {}))

    def _mode_in_force(self) -> dict[str, str]:
        """Return the device of the form of modes, and the mode that it has now."""
        devices = {each.name: each for each in self.frame.snapshot.devices} if self.frame is not None else {}
        moded = [view.name for view in self.site.devices if view.modes and view.name in devices]
        wanted = (self.views.chosen_device(), self.answers.get("mode", {}).get("device", ""), *moded)
        name = next((name for name in wanted if name in moded), "")
        return {"device": name, "mode": devices[name].mode or "off"} if name else {}

    async def _fill_in(self, key: str, **preset: str) -> None:
        form = BY_KEY[key]
        if not form.possible(self.site):
            self.say(f"{form.phrase.title}: no device of this site can do that", "warning")
            return
        device = self.views.chosen_device()
        answers = {**self.answers.get(key, {}), **({"device": device} if device else {}), **preset}
        keys = [field.key for field in form.fields(self.site, answers)]
        known = {**({"device": device} if "device" in keys else {}), **preset}
        start = key if key in keys else next((key for key in keys if not known.get(key)), "")
        dialog = FormDialog(form, self.site, self.looks.glyphs, answers, self.refusal, start)
        line = await self.push_screen_wait(dialog)
        if line is None:
            return
        self.answers[key] = dict(dialog.answers)
        await self.carry_out(line)

    @work
    async def action_repeat(self) -> None:
        if not self.last_injection:
            self.say(f"nothing has been injected yet; {self.looks.keys['inject']} injects", "warning")
        elif await self.carry_out(self.last_injection):
            self.say(f"again: {self.last_injection}")

    @work
    async def action_clear(self) -> None:
        frame = self.frame
        active = len(frame.snapshot.disturbances) + len(frame.injected) if frame is not None else 0
        if not active:
            self.say("nothing is injected")
            return
        things = "1 injection" if active == 1 else f"all {active} injections"
        if await self.push_screen_wait(QuestionDialog(f"Clear {things}?", "Clear")):
            await self.carry_out("clear all")

    @work
    async def action_force(self) -> None:
        await self._fill_in("force", **self._preset())

    @work
    async def action_write(self) -> None:
        preset = self._preset()
        view = self.site.device(preset.get("device", ""))
        is_command = view is not None and preset["signal"] in view.commands
        await self._fill_in("write", **(preset if is_command else {}))

    def _preset(self) -> dict[str, str]:
        """Return the answers of a form that the chosen signal gives; its value remains to be filled in."""
        found = self.views.chosen_signal()
        return {"device": found[0], "signal": found[1], "value": ""} if found is not None else {}

    @work
    async def action_freeze(self) -> None:
        found = self.views.chosen_signal()
        if found is None:
            keys = self.looks.keys
            where = f"a register ({keys['registers']}) or a signal ({keys['open']} on a device)"
            self.say(f"choose {where} first", "warning")
        else:
            held = self.is_pinned(*found)
            await self.carry_out(f'{"release" if held else "freeze"} "{found[0]}" {found[1]}')

    @work
    async def action_reset(self) -> None:
        """Reset the latched faults of the chosen device, or say why that would do nothing."""
        name = self.views.chosen_device()
        if name:
            await self.reset(name)
        else:
            keys = self.looks.keys
            self.say(f"choose a device first: {keys['device-1']} to {keys['device-9']}", "warning")

    async def reset(self, name: str = "") -> None:
        """Reset the latched faults of a device; without its name those of the chosen one, if it has any."""
        devices = {each.name: each for each in self.frame.snapshot.devices} if self.frame is not None else {}
        latched = {
            each.name: found for each in devices.values() if (found := each.why.helps(RESET)) is not None
        }
        if not name:
            name = self.views.chosen_device()
            if name not in latched:
                those = ", ".join(f"{each} ({', '.join(devices[each].faults)})" for each in latched)
                self.say(
                    f"which device? reset {those}" if those else "no device has a latched fault", "warning"
                )
                return
        if name in latched:
            signal, wanted = latched[name].command or ("", 0)
            if signal and await self.carry_out(f'write "{name}" {signal} {wanted}'):
                self.say(f"{name} reset: {signal} = {wanted} written")
        elif name in devices and devices[name].faults:
            faults, keys = ", ".join(devices[name].faults), self.looks.keys
            how = f"{keys['active']} lists causes, {keys['open']} there clears one"
            self.say(f"{name}: the cause of {faults} is still present; {how}", "warning")
        else:
            self.say(f"{name} has no latched fault")

    def is_pinned(self, device: str, signal: str) -> bool:
        found = self.frame.snapshot.devices if self.frame is not None else ()
        return any(each.name == device and signal in each.pinned for each in found)

    @work
    async def action_release(self) -> None:
        frame = self.frame
        pinned = sum(len(device.pinned) for device in frame.snapshot.devices) if frame is not None else 0
        if not pinned:
            self.say("nothing is forced or frozen")
            return
        things = "1 forced signal" if pinned == 1 else f"all {pinned} forced signals"
        if await self.push_screen_wait(QuestionDialog(f"Release {things}?", "Release")):
            await self.carry_out("release")

    @work
    async def action_pause(self) -> None:
        if self.frame is not None:
            await self.carry_out("run" if self.frame.paused else "pause")

    @work
    async def action_speed(self, by: int) -> None:
        if self.frame is None:
            return
        now = self.frame.speed if self.asked_speed is None else self.asked_speed
        faster = (speed for speed in SPEEDS if speed > now)
        slower = (speed for speed in reversed(SPEEDS) if speed < now)
        self.asked_speed = wanted = next(faster if by > 0 else slower, now)
        await self.carry_out(f"speed {words.speed(wanted).removeprefix('x')}")

    @work
    async def action_jump(self) -> None:
        await self._ask_until_done(
            "Run on", "To which time of day, such as 12:00?", "", lambda time: self.perform(f"jump {time}")
        )

    @work
    async def action_mark(self) -> None:
        note = await self.push_screen_wait(AskDialog("Mark", "A note for the log and the recording:"))
        if note is not None:
            await self.carry_out("mark " + _quoted(note or "mark"))

    def action_acknowledge(self) -> None:
        count = self.views.acknowledge()
        alarms = "1 alarm" if count == 1 else f"{count} alarms"
        self.say(f"{alarms} acknowledged" if count else "no alarm waits")

    def action_changed_only(self) -> None:
        pane = self.views.register_pane()
        if pane is not None:
            pane.toggle_changed_only()

    def action_number_format(self) -> None:
        self.looks.number_format = self.looks.number_format.next()
        self.say(f"raw values in {self.looks.number_format.value}")
        self.present_again()

    def present_again(self) -> None:
        """Draw what is shown now in a view or for a device that was chosen just now."""
        shown = self.looks.past or self.held_frame or self.frame
        if shown is not None:
            self.views.present(replace(shown, registers=()))  # they may be of the device before

    def draw_signal(self) -> None:
        """Draw the signal under the cursor over time, or no longer."""
        if said := self.views.device.toggle_chosen():
            self.say(said, "warning")

    def action_trend_window(self) -> None:
        if self.views.current == "device":
            self.views.device.trend.next_window()

    @work
    async def action_leave(self) -> None:
        if any(isinstance(screen, QuestionDialog) for screen in self.screen_stack):
            return
        clients = sum(len(link.clients) for link in self.frame.links) if self.frame is not None else 0
        if clients:
            who = f"{clients} clients are" if clients > 1 else "1 client is"
            question = f"{who} connected and would lose the twin. Quit?"
            if not await self.push_screen_wait(QuestionDialog(question, "Quit")):
                return
        self.exit(0)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "'") + '"'
