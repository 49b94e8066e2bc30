"""One wheel, and one environment for each extra, for all tests here."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.wheel.environments import Environment, build_wheel, environment


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def with_extra(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Environment]:
    """Makes each environment once."""

    @cache
    def make(extra: str) -> Environment:
        return environment(tmp_path_factory.mktemp(extra or "base") / "venv", wheel, extra)

    return make
