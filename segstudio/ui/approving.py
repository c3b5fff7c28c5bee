"""Approving only what an eye could see: what is in the way of the mask goes first, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segstudio.app.changes import Message
from segstudio.app.document import Document
from segstudio.app.session import Session
from segstudio.domain.annotation import ImageState

if TYPE_CHECKING:
    from segstudio.ui.canvas.canvas import Canvas

LOOK_MS = 800
"""How long a mask that came by itself has to be looked at before a key can mean it."""

GLANCE_MS = 250
"""How long an image has to be in sight before a key can mean it: who presses sooner meant the one before, as with the
second press of an impatient hand, or the second click of a double one."""

FAINTEST = 0.05
"""Opacity from which on an area can be seen."""

_GOOD_OPACITY = 0.35
_KEY = "approval"


def hold_up(session: Session, canvas: Canvas) -> Message | None:
    """Why the mask on ``canvas`` can't be approved yet, None if it can. What hides it is taken away."""
    document = session.document
    if document is None or session.loading_id is not None:
        return None
    record = session.record(document.image_id)
    if record.rejected is not None:
        return Message(
            f"{record.name} was rejected ({record.rejected}). Use it again first, then approve it.", "trouble",
            action="Use again", on_action=lambda: session.review.use_again(record.id), key=_KEY,
        )  # fmt: skip
    decides = session.adjudication.decides(record)
    if record.state is ImageState.APPROVED and not decides:
        return None  # it is not approved again, only left
    if canvas.seen_ms < GLANCE_MS:
        return _look(session, f"{record.name} has only just come up.")
    if canvas.shows_else:
        return Message("A key shows something else than the mask. Let go of it, then approve.", key=_KEY)
    uncovered = _uncover(session, canvas) or _bring_into_sight(document, canvas)
    if uncovered:
        return _look(session, uncovered)
    if canvas.mask_age_ms < LOOK_MS:
        return _look(session, "The model has just renewed this mask.")
    return None


def _look(session: Session, why: str) -> Message:
    """Asks for a look at the image on the canvas, for as long as it is there and as far as it is."""
    assert session.current_id is not None
    image_id = session.current_id
    state = session.record(image_id).state
    return Message(
        f"{why} Look at it, then approve again.", key=_KEY,
        holds=lambda: session.current_id == image_id and session.record(image_id).state is state,
    )  # fmt: skip


def _bring_into_sight(document: Document, canvas: Canvas) -> str:
    """Show an image whole that was only seen from near by, where its mask goes on out of sight."""
    if not canvas.came_close:
        return ""
    ids, seen = document.shown(document.bounds), canvas.in_sight
    if np.count_nonzero(ids) == np.count_nonzero(ids[seen.y0 : seen.y1, seen.x0 : seen.x1]):
        return ""
    canvas.show_whole()
    return "Part of the mask was out of sight; the image is shown whole now."


def _uncover(session: Session, canvas: Canvas) -> str:
    """Show what is hidden of the mask; says what was, as a sentence."""
    document = session.document
    if document is None or document.is_empty:
        return ""
    if not canvas.mask_shown:
        canvas.set_mask_shown(True)
        return "The mask was hidden; it is shown now."
    filled_only = canvas.look.style == "fill"
    if filled_only and session.overlay_opacity < FAINTEST:
        session.set_overlay_opacity(_GOOD_OPACITY)
        return "The mask was too faint to be seen; it is stronger now."
    suspects = [s for s in session.table if s.hidden or (filled_only and s.opacity < FAINTEST)]
    ids = document.shown(document.bounds) if suspects else None
    unseen = [segment for segment in suspects if ids is not None and (ids == segment.id).any()]
    for segment in unseen:
        opacity = _GOOD_OPACITY if segment.opacity < FAINTEST else segment.opacity
        session.change_segment(segment.id, hidden=False, opacity=opacity)
    names = ", ".join(f"“{segment.name}”" for segment in unseen)
    if len(unseen) == 1:
        return f"{names} was hidden; it is shown now."
    return f"{names} were hidden; they are shown now." if unseen else ""
