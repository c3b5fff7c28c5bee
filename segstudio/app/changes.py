"""What changed: one small record, merged within an event-loop turn and broadcast once.

Widgets decide what to redraw; nobody calls a widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from segstudio.app.ports import Scheduler
from segstudio.domain.geometry import EMPTY, Rect


@dataclass(frozen=True)
class Message:
    """A quiet sentence for the user with at most one action. A later message with the same ``key`` replaces it.

    ``holds`` is False from when on it is no longer true and should no longer be shown. ``place`` is a file or folder
    that was written: where there is no other action, the window offers to open it.
    """

    sentence: str
    kind: Literal["info", "trouble"] = "info"
    action: str = ""
    on_action: Callable[[], None] | None = None
    key: str = ""
    holds: Callable[[], bool] = lambda: True
    place: Path | None = None


class Changes(NamedTuple):
    """What changed since the last broadcast; a tuple, since two are made at every move of a brush.

    ``project``: one was opened or closed. ``recent``: a recent project is gone, or back. ``image_list``: rows came or
    went. ``images``: rows whose record changed. ``thumbnails``: rows whose picture is there. ``document``: another
    image is on the canvas, loading, or failed. ``pixels``: the part of the document whose shown mask changed, because
    of a new prediction if ``better_mask``. ``preview``: what the tool shows and has not put into the mask. ``scale``:
    how large a pixel is. ``order``: where Approve goes. ``measures``: what is measured of the image on the canvas.
    ``review``: what is known of readings and of who reads. ``importing``: how far an import is, and whether one can be
    undone. ``attributes``: what is known of the image on the canvas as a whole.
    """

    project: bool = False
    recent: bool = False
    image_list: bool = False
    images: frozenset[int] = frozenset()
    thumbnails: frozenset[int] = frozenset()
    document: bool = False
    pixels: Rect = EMPTY
    better_mask: bool = False
    preview: bool = False
    table: bool = False
    history: bool = False
    tool: bool = False
    saving: bool = False
    training: bool = False
    scale: bool = False
    order: bool = False
    measures: bool = False
    review: bool = False
    importing: bool = False
    attributes: bool = False
    message: Message | None = None

    @property
    def seen_only(self) -> bool:
        """True where nothing changed but what the canvas shows, as at every move of a brush."""
        return self == Changes(pixels=self.pixels, preview=self.preview)

    @property
    def thumbnails_only(self) -> bool:
        """True where nothing came but small pictures, as while the list is scrolled."""
        return self == Changes(thumbnails=self.thumbnails)

    def merged(self, later: Changes) -> Changes:
        """Both in one; of two messages the later one stays."""
        return Changes(*map(_merge, self, later))


def _merge(before: Any, after: Any) -> Any:
    if isinstance(before, Rect) and isinstance(after, Rect):
        return before.union(after)
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        return before | after
    return after or before


@dataclass
class Broadcaster:
    """Collects changes and tells every listener once an event-loop turn. Main thread only."""

    scheduler: Scheduler
    _listeners: list[Callable[[Changes], None]] = field(default_factory=list)
    _pending: Changes | None = None

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Tell ``listener`` from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def announce(self, changes: Changes) -> None:
        """Broadcast ``changes`` at the next turn, together with what else is announced before it."""
        if self._pending is None:
            self._pending = changes
            self.scheduler.post(self._flush)
        elif self._pending.message is not None and changes.message is not None:
            # Two sentences must not become one: the first goes out by itself.
            first, self._pending = self._pending, changes
            self._tell(first)
        else:
            self._pending = self._pending.merged(changes)

    def _flush(self) -> None:
        changes, self._pending = self._pending, None
        if changes is not None:
            self._tell(changes)

    def _tell(self, changes: Changes) -> None:
        for listener in tuple(self._listeners):
            listener(changes)
