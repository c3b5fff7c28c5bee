"""What was taken back of an open shape, and comes again."""

from segstudio.app.tools.steps import Steps, TakenBack


def test_what_was_taken_back_last_comes_first_until_something_else_is_done():
    kept: TakenBack[str] = TakenBack()
    assert kept.again() is None
    kept.keep("one")
    kept.keep("two")
    assert kept.again() == "two"
    assert kept
    kept.forget()
    assert not kept
    assert kept.again() is None


def test_steps_go_back_and_forward_and_a_new_one_ends_what_was_ahead():
    steps: Steps[int] = Steps()
    assert steps.back(0) is None
    assert not steps.taken_back
    steps.note(0)
    steps.note(1)
    assert (steps.back(2), steps.back(1), steps.back(0)) == (1, 0, None)
    assert (steps.forward(0), steps.forward(1), steps.forward(2)) == (1, 2, None)
    assert steps.back(2) == 1
    steps.note(1)
    assert not steps.taken_back
    assert steps.forward(7) is None
    assert steps.back(7) == 1
