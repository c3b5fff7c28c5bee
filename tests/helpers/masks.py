"""Masks in tests of tools: put there, read, drawn at random, and what every tool owes to undo and to the disk."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager

import numpy as np
from hypothesis import HealthCheck, settings

from segstudio.app.tools import PointerEvent
from segstudio.domain.patch import Patch
from tests.helpers.studios import StudioRig

with_rig = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""For properties that use one rig again and again: each example puts the mask that it wants."""


def put(rig: StudioRig, ids: np.ndarray) -> None:
    """Make the mask ``ids``, (height, width), all of it painted (or not, where it is ``UNSET``)."""
    document = rig.session.document
    assert document is not None
    patch = Patch(document.bounds, np.ones(ids.shape, bool), ids.astype(np.uint16))
    rig.session.editor.abandon()
    lock(rig)
    rig.session.editor.apply("Put", patch, over_any=True)


def lock(rig: StudioRig, *segment_ids: int) -> None:
    """Lock these segments and no others."""
    editor = rig.session.editor
    for row in editor.table:
        editor.table = editor.table.changed(row.id, locked=row.id in segment_ids)


def painted(rig: StudioRig) -> np.ndarray:
    """The correction."""
    document = rig.session.document
    assert document is not None
    return document.correction.to_array()


def blobs(seed: int, shape: tuple[int, int] = (64, 96), values: int = 3, cell: int = 8) -> np.ndarray:
    """A mask in which regions of a few ids touch, hold holes and run to the image's edges."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, values, (-(-shape[0] // cell), -(-shape[1] // cell)))
    ids = np.kron(coarse, np.ones((cell, cell), int))[: shape[0], : shape[1]]
    specks = rng.random(shape) < 0.03
    return np.where(specks, rng.integers(0, values, shape), ids).astype(np.uint16)


def slow_connected(alike: np.ndarray, column: int, row: int) -> np.ndarray:
    """Breadth first, by sides."""
    found = np.zeros_like(alike)
    found[row, column] = True
    queue = deque([(row, column)])
    while queue:
        y, x = queue.popleft()
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= v < alike.shape[0] and 0 <= u < alike.shape[1]
            if inside and alike[v, u] and not found[v, u]:
                found[v, u] = True
                queue.append((v, u))
    return found


def click(rig: StudioRig, x: float, y: float, **more) -> None:
    """Press and let go."""
    rig.session.editor.press(PointerEvent(x, y, **more))
    rig.session.editor.release(PointerEvent(x, y, **more))


def answered(rig: StudioRig) -> None:
    """Wait until no tool waits for an answer."""
    rig.wait(lambda: not rig.session.editor.computing)


def settled(rig: StudioRig) -> None:
    """Wait until the tool has nothing left to do."""
    rig.wait(lambda: not rig.session.editor.computing and not rig.session.editor.busy)


@contextmanager
def one_step(rig: StudioRig, name: str):
    """What is done inside is one step of that name, which undo takes back, redo makes again, and the disk keeps."""
    history = rig.session.editor.document.history
    before, steps = painted(rig), len(history.done)
    yield
    after = painted(rig)
    assert [edit.name for edit in history.done[steps:]] == [name]
    assert not np.array_equal(before, after)
    rig.session.editor.undo()
    assert np.array_equal(painted(rig), before)
    rig.session.editor.redo()
    assert np.array_equal(painted(rig), after)


@contextmanager
def no_step(rig: StudioRig):
    """What is done inside leaves no trace."""
    history = rig.session.editor.document.history
    before, steps = painted(rig), len(history.done)
    yield
    assert len(history.done) == steps
    assert np.array_equal(painted(rig), before)
    assert not rig.session.editor.document.editing
    assert rig.session.editor.preview.patch is None
    assert not rig.session.editor.busy


def reloaded(rig: StudioRig) -> np.ndarray:
    """The correction after the project was closed and opened again."""
    image_id = rig.session.current_id
    rig.reopen()
    assert image_id is not None
    rig.show(image_id)
    return painted(rig)
