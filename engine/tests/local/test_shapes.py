"""A short recording: what the embedded AWS logs and counts becomes the series that the dashboard's picture is drawn from."""

import json
from pathlib import Path

import pytest

from tests.infra.dashboard_shapes import RECORDED
from tests.local.conftest import Deployed
from tests.recordings import shapes

pytestmark = pytest.mark.long

POINTS = 5


def test_a_recording_counts_every_event_once_and_has_the_shape_of_the_committed_one(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shapes, "POINTS", POINTS)
    monkeypatch.setattr(shapes, "SECONDS", 1.0)
    for moment in ("DOWN", "UP", "REDRIVEN"):
        monkeypatch.setattr(shapes, moment, POINTS)  # all is well
    recording = shapes.Recording(deployed.run, deployed.evidence)
    recording.all()
    found = shapes.told(recording)
    published = sum(shapes.PER_POINT[:POINTS])
    assert (
        sum(each or 0 for each in found["topic"]["NumberOfMessagesPublished"])
        == published
        == len(recording.seen.published)
    )
    archived = found["tasks"]["archive_order"]
    assert sum(each or 0 for each in archived["NumberOfMessagesSent"]) >= published
    assert sum(each or 0 for each in archived["Done"]) >= published
    assert 1 <= sum(each or 0 for each in archived["Invocations"])
    assert max(each or 0 for each in archived["IncomingBytes"]) > 0
    committed = json.loads(RECORDED.read_text())
    assert {task: set(series) for task, series in found["tasks"].items()} == {
        task: set(series) for task, series in committed["tasks"].items()
    }
    assert json.loads(shapes.written(found)) == found
