import pytest

from tests.helpers.studios import StudioRig


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()
