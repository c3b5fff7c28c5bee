"""The actions about the audit trail and the approved versions, as rows of the table."""

from __future__ import annotations

from segstudio.ui.action import Action, with_document, with_project

# fmt: off
AUDIT_ACTIONS: tuple[Action, ...] = (
    Action("versions", "Approved versions…", "-Review", ("Ctrl+H",), lambda c: c.audit.show_versions(),
           "clock-counter-clockwise", with_document),
    Action("audit", "Audit trail…", "Review", ("Ctrl+Shift+H",), lambda c: c.audit.show_trail(), "list-bullets",
           with_project),
)
# fmt: on
