"""The keys that work on every screen, with what the help says of them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

HOME = "foreman"
"""The mode to which escape leads."""
BINDINGS: list[BindingType] = [
    Binding("n", "next_request(1)", "next ask", id="next", tooltip="turn to the next request"),
    Binding("N", "next_request(-1)", "", show=False, id="previous", tooltip="to the one before it"),
    *(
        Binding(
            str(place),
            f"select({place})",
            "agent",
            key_display="1-9",
            show=place == 1,
            id=f"agent-{place}",
            tooltip="look at an agent, by its place",
        )
        for place in range(1, 10)
    ),
    Binding("w", "mode('wall')", "wall", id="wall", tooltip="all agents at once"),
    Binding("v", "mode('agent')", "view", id="agent", tooltip="one agent in full"),
    Binding("ctrl+o", "jump", "jump", show=False, id="jump", tooltip="to a panel, by its letter"),
    Binding("z", "zoom", "zoom", id="zoom", tooltip="closer to the screen, and back"),
    Binding("t", "take", "take", id="take", tooltip="go to the controls of this agent"),
    Binding("space", "hold", "hold", id="hold", tooltip="hold this agent"),
    Binding("r", "resume", "resume", id="resume", tooltip="let this agent go on"),
    Binding("g", "mode('metrics')", "metrics", id="metrics", tooltip="what it came to so far"),
    Binding("l", "mode('audit')", "log", show=False, id="audit", tooltip="who decided what"),
    Binding("R", "mode('replay')", "replay", id="replay", tooltip="steer the recording"),
    Binding("D", "mode('doctor')", "doctor", show=False, id="doctor", tooltip="what is well"),
    Binding(
        "M",
        "mark_moment",
        "should have asked",
        show=False,
        id="mark",
        tooltip="this agent should have asked earlier",
    ),
    Binding("question_mark", "mode('help')", "help", id="help", tooltip="all keys"),
    Binding("ctrl+p", "command_palette", "palette", show=False, id="palette"),
    Binding("q", "leave", "quit", id="quit", tooltip="leave; agents are held"),
    Binding("E", "end_shift", "", show=False, id="end", tooltip="end the shift for everybody"),
    Binding("f12", "stop_all", "", show=False, id="stop", tooltip="stop all agents at once"),
    Binding("ctrl+x", "chord", "", show=False, id="chord", tooltip="twice: stop all agents"),
    Binding(
        "U", "release_latch", "", show=False, id="release", tooltip="undo the stop of everybody"
    ),
    Binding("escape", f"mode('{HOME}')", "back", show=False, id="back", tooltip="go back"),
    Binding("ctrl+c,ctrl+q", "leave_now", "", show=False, id="leave", tooltip="leave at once"),
]
