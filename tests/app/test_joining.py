"""Work goes on while a round runs, and is in the next one."""

from segstudio.domain.rounds import NEXT_ROUND_AFTER
from segstudio.protocol.round_folder import read_request
from tests.helpers.studios import approve


def test_what_is_approved_during_a_round_joins_the_next_and_nothing_is_forgotten(rig):
    rig.hold_rounds = True
    session = rig.new_project(NEXT_ROUND_AFTER + 5)
    approve(rig, 3)
    assert session.rounds.at_worker
    first = {record.id for record in session.records[:3]}
    assert {image.image_id for image in request(session, 1).images} == first
    approve(rig, NEXT_ROUND_AFTER)
    rig.stroke((20, 20))
    rig.wait(lambda: session.save_status.state == "saved")
    assert session.rounds.at_worker, "strokes and approvals are saved while it runs"
    painted = session.current_id
    rig.workers[-1].finish_round()
    rig.wait(lambda: len(session.rounds.records) == 2 and session.rounds.at_worker)
    second = request(session, 2)
    assert {image.image_id for image in second.images} == {
        *first,
        *(r.id for r in session.records[3 : 3 + NEXT_ROUND_AFTER]),
        painted,
    }
    assert {image.image_id for image in second.images if not image.fresh} == first
    rig.workers[-1].finish_round()
    rig.wait(lambda: not session.rounds.busy)
    rig.settle()


def request(session, number):
    return read_request(session.folder / "rounds" / f"{number:04d}")
