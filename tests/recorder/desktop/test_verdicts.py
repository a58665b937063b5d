"""Which verdict, and which windows, a key that was pressed at some moment goes to."""

from __future__ import annotations

from recorder.desktop.desk import Active, Owner
from recorder.desktop.verdicts import Change, Span, Verdict, spans
from recorder.gate import Secrecy

NOWHERE = Verdict(Secrecy.UNKNOWN, "unknown-focus")


def active(app: str) -> Active:
    number = sum(app.encode())
    owner = Owner(window=number, client=number, app=app, pid=number, floats=False)
    return Active(owner, app, (0, 0, 9, 9))


def unknown(app: str) -> Verdict:
    return Verdict(Secrecy.UNKNOWN, "untrusted-app", active(app))


def public(app: str) -> Verdict:
    return Verdict(Secrecy.PUBLIC, window=active(app))


def found(*changes: Change, moved_ns: int | None = None) -> list[Span]:
    return spans(changes, 1000, lambda _: moved_ns)


def apps(at_ns: int, among: list[Span]) -> list[str]:
    """Return the windows that a key of that time may show in."""
    span = next(span for span in among if at_ns < span.before_ns)
    return [window.owner.app for window in span.windows]


def test_a_key_before_the_first_word_of_its_window_went_to_the_window_that_came_next() -> None:
    went = found(
        Change(0, NOWHERE, 0), Change(100, unknown("typed"), 90), Change(500, unknown("idle"), 400)
    )
    assert apps(50, went) == ["typed"]
    assert set(apps(95, went)) == {"typed"}
    assert apps(300, went) == ["typed"]
    assert apps(600, went) == ["idle"]


def test_a_key_since_the_old_window_was_last_asked_may_have_gone_to_either() -> None:
    went = found(Change(0, unknown("typed"), 0), Change(500, unknown("idle"), 400))
    assert apps(450, went) == ["typed", "idle"]


def test_what_is_typed_before_a_trusted_window_is_not_thought_to_show_there() -> None:
    went = found(Change(0, unknown("typed"), 0), Change(500, public("notes"), 400))
    assert apps(450, went) == ["typed"]


def test_a_click_parts_the_keys_of_a_public_window_from_those_of_the_next() -> None:
    changes = Change(0, public("notes"), 0), Change(500, unknown("typed"), 400)
    clicked = found(*changes, moved_ns=450)
    assert [span.verdict.secrecy for span in clicked if span.before_ns > 430] == [
        Secrecy.PUBLIC,
        Secrecy.UNKNOWN,
    ]
    # nothing that was seen moved the focus: any key may be the new window's
    assert all(span.before_ns <= 0 for span in found(*changes)[:-1])


def test_keys_that_are_too_fresh_are_not_judged() -> None:
    judged = found(Change(0, NOWHERE, 0), Change(1500, NOWHERE, 9))
    assert max(span.before_ns for span in judged) == 1000
