"""What a data set says of the image on the canvas: one quiet line, the whole of it in its tooltip."""

from __future__ import annotations

from segstudio.app.session import Session
from segstudio.ui.widgets import ElidedLabel, as_typed


class AttributeLine(ElidedLabel):
    """Hidden where nothing is known."""

    def __init__(self) -> None:
        super().__init__(tone="muted")
        self.setProperty("role", "small")
        self.setIndent(8)
        self.hide()

    def show_session(self, session: Session | None) -> None:
        """Show what is known of the image that ``session`` has on the canvas."""
        known = {} if session is None else session.attributes.shown
        self.set_full(" · ".join(known.values()))
        self.setVisible(bool(known))
        said = "\n".join(f"{name}: {value}" for name, value in known.items())
        self.set_about(said)
        self.setToolTip(as_typed(said))
        self.setAccessibleName(said)
