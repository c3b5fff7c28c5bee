"""What the menu does about evaluations."""

from __future__ import annotations

from segstudio.ui.commands import Commands


def show_evaluate(c: Commands) -> None:
    """The page on which masks and models are evaluated; the one that is open comes to the front."""
    # Imported here: it is wanted seldom, and the window should not wait for it.
    from segstudio.ui.evaluate.page import EvaluatePage

    shown = c.window.findChild(EvaluatePage)
    if shown is None:
        EvaluatePage(c.studio, c.settings, c.theme, c.window).show()
    else:
        shown.raise_()
        shown.activateWindow()
