from pathlib import Path

from segstudio.domain.round_scores import ApprovalScore
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project


def test_the_first_prediction_that_was_approved_over_counts(project: Project, folder: Path, photos: list[Path]) -> None:
    one, two, three = project.images.add_images([NewImage(path) for path in photos])
    assert project.approval_scores.list_scores() == []
    project.approval_scores.note(ApprovalScore(two, 1, 0.5, 1000.0))
    project.approval_scores.note(ApprovalScore(one, 1, 0.7, 2000.0))
    project.approval_scores.note(ApprovalScore(two, 1, 0.4, 3000.0))
    project.approval_scores.note(ApprovalScore(two, 2, 0.9, 4000.0))
    assert project.approval_scores.score(two) == ApprovalScore(two, 1, 0.4, 1000.0)
    assert project.approval_scores.score(three) is None
    project.close()
    with Project.open(folder) as again:
        assert [score.image_id for score in again.approval_scores.list_scores()] == [two, one]
