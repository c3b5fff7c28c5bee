"""Who can't wait for an answer that is on its way has it as soon as it is there."""

import threading

from segstudio.app.tools import bucket as bucket_module
from segstudio.app.tools.growing import region_at


def test_what_is_being_computed_is_not_computed_anew_when_the_image_is_left(rig, monkeypatch):
    begun, calls = threading.Event(), []

    def found(document, column, row, reach=None):
        if reach is not None:
            return None  # as of a region that is too large to be filled at once
        calls.append(threading.current_thread())
        begun.set()
        threading.Event().wait(0.1)
        return region_at(document, column, row)

    monkeypatch.setattr(bucket_module, "region_at", found)
    session = rig.new_project(2)
    first = session.current_id
    session.editor.set_tool("bucket")
    rig.stroke((30, 30))
    assert begun.wait(10)
    session.step(1)
    assert len(calls) == 1
    assert calls[0] is not threading.main_thread()
    rig.settle()
    rig.show(first)
    assert rig.mask().all()
