"""What undo takes back: a step of the hand, or that a person had the model's part of the mask renewed after it."""

from __future__ import annotations

from segstudio.app.session import Session


def undo_name(session: Session) -> str:
    """What ``undo`` would take back on the image on the canvas; "" for nothing."""
    return "newer mask" if _renewed_last(session) else session.editor.undo_name


def undo(session: Session) -> None:
    """Take the last step back."""
    if _renewed_last(session):
        session.intake.put_back()
    else:
        session.editor.undo()


def _renewed_last(session: Session) -> bool:
    """What is shown and not in the mask, or is still computed, goes before the renewal."""
    editor, document = session.editor, session.document
    if document is None or editor.busy or editor.in_gesture or editor.owing.owes(document):
        return False
    return session.intake.renewed_last
