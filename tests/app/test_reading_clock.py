from segstudio.app.reading_clock import LONGEST_PAUSE, ReadingClock


def test_a_long_pause_is_no_work():
    now = [0.0]
    clock = ReadingClock(lambda: now[0])
    assert clock.take() == (None, 0.0)
    clock.start(5)
    now[0] = 20.0
    clock.beat()
    assert clock.counted == 20.0
    now[0] = 20.0 + 10 * LONGEST_PAUSE
    assert clock.take() == (5, 20.0 + LONGEST_PAUSE)
    now[0] += 2.0
    assert clock.take() == (5, 2.0)
    clock.start(6)
    assert clock.take() == (6, 0.0)
