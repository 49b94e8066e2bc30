"""What every test of an intake stands on. No AWS is reached."""

import pytest

from fanout.intake import metrics, relay
from tests.unit.intake.entries import World
from tests.unit.intake.given import put_in_place
from tests.unit.lambdas.conftest import lines as lines


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return put_in_place(World(), monkeypatch)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """What the metrics say."""
    said: list[dict[str, float]] = []
    for module in (metrics, relay):
        monkeypatch.setattr(module, "emit", lambda **values: said.append(values))
    return said
