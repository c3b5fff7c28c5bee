"""Who can't wait for an answer that is on its way has it as soon as it is there."""

import threading

from segstudio.app.tools import bucket as bucket_module
from segstudio.app.tools.asking import Latest
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


class Later:
    """What a tool asks for of its context; ``answer`` gives the answer to the question that has waited longest."""

    def __init__(self):
        self._asked = []

    def later(self, compute, done):
        self._asked.append((compute, done))

    def answer(self):
        compute, done = self._asked.pop(0)
        done(self, compute())

    def __len__(self):
        return len(self._asked)


def test_who_hears_an_answer_is_told_that_another_is_on_its_way():
    context, latest, heard = Later(), Latest(), []
    for number in range(3):
        latest.ask(context, lambda number=number: number, lambda _, found: heard.append((found, latest.waiting)))
    context.answer()
    assert len(context) == 1
    context.answer()
    assert heard == [(0, True), (2, False)]
    assert not latest.waiting
    assert len(context) == 0


def test_who_asks_anew_on_hearing_an_answer_has_the_last_word():
    context, latest, heard = Later(), Latest(), []

    def again(now, found):
        heard.append(found)
        latest.ask(now, lambda: "new", lambda _, last: heard.append(last))

    latest.ask(context, lambda: "first", again)
    latest.ask(context, lambda: "second", lambda _, found: heard.append(found))
    context.answer()
    context.answer()
    assert heard == ["first", "new"]
    assert len(context) == 0
    assert not latest.waiting


def test_who_cannot_wait_on_hearing_an_answer_has_the_one_that_is_on_its_way():
    context, latest, heard = Later(), Latest(), []
    latest.ask(context, lambda: "first", lambda now, _: latest.answer_now(now))
    latest.ask(context, lambda: "second", lambda _, found: heard.append(found))
    context.answer()
    assert heard == ["second"]
    assert len(context) == 0
