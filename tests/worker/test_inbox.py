import threading

from segstudio.protocol.messages import Cancel, Mend, Predict, Shutdown, Train
from segstudio.worker.inbox import Inbox


def _predict(job: int) -> Predict:
    return Predict(job, job, "/i.png", "/w.safetensors", "/o.png", "/c.png")


def test_predictions_come_before_rounds_and_each_kind_in_order() -> None:
    inbox = Inbox()
    for message in (Train(1, "/a"), Train(2, "/b"), _predict(3), _predict(4)):
        assert inbox.put(message) is None
    assert [job.job for job in (inbox.next_job() for _ in range(4)) if job] == [3, 4, 1, 2]


def test_only_predictions_are_served_between_steps() -> None:
    inbox = Inbox()
    inbox.put(Train(1, "/a"))
    assert inbox.next_request() is None
    inbox.put(_predict(2))
    assert inbox.next_request() == _predict(2)
    assert inbox.next_request() is None


def test_a_job_that_waits_is_given_up_at_once() -> None:
    inbox = Inbox()
    inbox.put(Train(1, "/a"))
    inbox.put(Train(2, "/b"))
    assert inbox.put(Cancel(2)) == Train(2, "/b")
    assert inbox.next_job() == Train(1, "/a")
    assert not inbox.is_cancelled(1)
    assert not inbox.is_cancelled(2)


def test_a_job_that_runs_is_marked_until_it_is_done() -> None:
    inbox = Inbox()
    inbox.put(Train(1, "/a"))
    inbox.next_job()
    assert inbox.put(Cancel(1)) is None
    assert inbox.is_cancelled(1)
    inbox.done(1)
    assert not inbox.is_cancelled(1)


def test_a_cancel_that_comes_too_late_does_not_hit_a_later_job() -> None:
    inbox = Inbox()
    inbox.put(Cancel(1))
    inbox.put(Train(1, "/a"))
    assert inbox.next_job() == Train(1, "/a")
    assert not inbox.is_cancelled(1)


def test_the_end_gives_up_what_runs_and_what_waits() -> None:
    inbox = Inbox()
    inbox.put(Train(1, "/a"))
    inbox.next_job()
    inbox.put(Train(2, "/b"))
    inbox.put(Shutdown())
    assert inbox.closed
    assert inbox.is_cancelled(1)
    assert inbox.next_job() is None


def test_waiting_ends_with_a_job_or_with_the_time() -> None:
    inbox = Inbox()
    assert not inbox.wait(0.0)
    other = threading.Thread(target=inbox.put, args=(Train(1, "/a"),))
    other.start()
    assert inbox.next_job() == Train(1, "/a")
    other.join()
    inbox.close()
    assert inbox.wait(0.0)


def test_clicks_come_first_and_only_they_are_served_in_mid_step() -> None:
    click = Mend(5, "/w.safetensors", 1, "", "", 1.0)
    inbox = Inbox()
    assert inbox.next_click() is None
    for message in (Train(1, "/a"), _predict(3), click):
        inbox.put(message)
    assert inbox.next_click() == click
    assert inbox.next_click() is None
    inbox.put(click)
    assert [inbox.next_request(), inbox.next_request(), inbox.next_request()] == [click, _predict(3), None]
    inbox.put(_predict(6))
    inbox.put(click)
    assert [inbox.next_job(), inbox.next_job(), inbox.next_job()] == [click, _predict(6), Train(1, "/a")]
