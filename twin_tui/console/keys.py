"""The keys of the console and the names under which a user may give them others."""

from textual.binding import Binding, BindingType

DOING: list[BindingType] = [
    Binding("i", "inject", "Inject", show=False, id="inject"),
    Binding("v", "form('sag')", "Voltage sag", show=False, id="sag"),
    Binding("f", "form('freq step')", "Frequency step", show=False, id="freq"),
    Binding("e", "form('fault')", "Device fault", show=False, id="fault"),
    Binding("L", "form('link')", "Link fault", show=False, id="link"),
    Binding("s", "form('mode')", "Operation mode", show=False, id="mode"),
    Binding("W", "write", "Write a command", show=False, id="write"),
    Binding("w", "force", "Force the register", show=False, id="force"),
    Binding("z", "freeze", "Freeze the register", show=False, id="freeze"),
    Binding("U", "release", "Release all", show=False, id="release"),
    Binding("u", "clear", "Clear all", show=False, id="clear"),
    Binding("R", "repeat", "Repeat the injection", show=False, id="repeat"),
    Binding("p", "pause", "Pause or run", show=False, id="pause"),
    Binding("n", "command('step')", "One step", show=False, id="step"),
    Binding("plus,full_stop", "speed(1)", "Faster", show=False, id="faster"),
    Binding("minus,comma", "speed(-1)", "Slower", show=False, id="slower"),
    Binding("equals_sign", "command('speed 1')", "Real time", show=False, id="real-time"),
    Binding("J", "jump", "Run on to a time", show=False, id="jump"),
    Binding("m", "mark", "Mark", show=False, id="mark"),
]
"""What does something to the twin."""

LOOKING: list[BindingType] = [
    Binding("o", "view('overview')", "Overview", show=False, id="overview"),
    Binding("r", "view('registers')", "Registers", show=False, id="registers"),
    Binding("l", "view('log')", "Log", show=False, id="log"),
    Binding("t", "traffic_or_trend", "Traffic", show=False, id="traffic"),
    Binding("T", "trend_window", "Trend window", show=False, id="window"),
    Binding("S", "view('modes')", "Modes and S2", show=False, id="modes"),
    Binding("A", "view('active')", "Active injections", show=False, id="active"),
    *(Binding(str(n), f"device({n})", f"Device {n}", show=False, id=f"device-{n}") for n in range(1, 10)),
    Binding("escape", "go_back", "Back", show=False, id="back"),
    # with priority, so that what is typed right behind them reaches the line they open
    Binding("slash", "filter", "Filter", show=False, priority=True, id="filter"),
    Binding("colon", "line", "Command", show=False, priority=True, id="command"),
    Binding("question_mark", "help", "Help", show=False, id="help"),
    Binding("space", "hold", "Hold the view", show=False, id="hold"),
    Binding("a", "acknowledge", "Acknowledge", show=False, id="acknowledge"),
    Binding("c", "changed_only", "Changed only", show=False, id="changed"),
    Binding("d", "number_format", "Number format", show=False, id="format"),
    Binding("y", "copy", "Copy", show=False, id="copy"),
    Binding("x", "export", "Export", show=False, id="export"),
    Binding("q", "leave", "Quit", show=False, id="quit"),
    Binding("ctrl+q,ctrl+c", "leave", "Quit", show=False, priority=True, id="quit-at-once"),
]
"""What changes only the screen."""
