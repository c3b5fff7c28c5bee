"""The actions about readers and their readings, as rows of the table."""

from __future__ import annotations

from segstudio.app.adjudication import TITLES, Which
from segstudio.domain.review import Standing
from segstudio.ui.action import Action, with_document, with_project
from segstudio.ui.commands import Commands

STATES_MENU = "View/Show in the list"


def _rejected(c: Commands) -> bool:
    session = c.studio.session
    return (
        session is not None
        and session.document is not None
        and session.record(session.document.image_id).rejected is not None
    )


def _veiled(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.review.can_reveal


def _read_twice(c: Commands) -> bool:
    session = c.studio.session
    if session is None or session.current_id is None:
        return False
    return session.record(session.current_id).second == "done"


def _adjudicating(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.adjudication.active


def _disputed(c: Commands) -> bool:
    session = c.studio.session
    return session is not None and session.adjudication.dispute is not None and not session.adjudication.busy


def _standing_row(wanted: Standing | None) -> Action:
    name = "all" if wanted is None else wanted.name.lower()
    title = "All" if wanted is None else wanted.value.capitalize()
    return Action(
        f"show_{name}", title, STATES_MENU, (), lambda c: c.review.show_standing(wanted), "", with_project,
        lambda c: c.review.standing is wanted, lambda c: f"{title} ({c.review.count(wanted)})", "standing",
    )  # fmt: skip


def _take_row(which: Which, key: str) -> Action:
    return Action(
        f"take_{which}", TITLES[which], "-Review" if which == "first" else "Review", (key,),
        lambda c: c.review.take(which), "", _disputed,
    )  # fmt: skip


# fmt: off
STATE_ACTIONS: tuple[Action, ...] = (
    *(_standing_row(wanted) for wanted in (None, *Standing)),
    Action("show_next_state", "Next state", "-" + STATES_MENU, ("Ctrl+Shift+N",),
           lambda c: c.review.show_next_standing(), "funnel", with_project),
)

REVIEW_ACTIONS: tuple[Action, ...] = (
    Action("reject", "Reject image…", "Review", ("Shift+R",), lambda c: c.review.reject(), "prohibit", with_document,
           words=lambda c: "Use the image again" if _rejected(c) else "Reject image…"),
    Action("reveal", "Show the model's mask", "Review", ("Shift+D",), lambda c: c.review.reveal(), "", _veiled),
    Action("agreement", "Agreement of readers…", "-Review", ("Ctrl+Shift+R",), lambda c: c.review.show_agreement(),
           "scales", with_project),
    Action("adjudicate", "Compare both readings", "Review", ("Shift+J",), lambda c: c.review.adjudicate(), "",
           lambda c: _read_twice(c) or _adjudicating(c), _adjudicating),
    _take_row("first", "F5"),
    _take_row("second", "F6"),
    _take_row("between", "F7"),
    _take_row("consensus", "F8"),
    Action("change_reader", "Change reader…", "-Review", ("Ctrl+Shift+U",), lambda c: c.review.change_reader(), "user",
           with_project),
    Action("review_settings", "Review settings…", "Review", (), lambda c: c.review.show_settings(), "", with_project),
)
# fmt: on
