"""Which worker runs which file: half of them begin with the tests that wait for an embedded AWS, the others with those that
compute. In the order of their folders, all would wait at once while a core has nothing to do, and compute at once after it.
"""

from collections.abc import Callable

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

WAITING = "tests/local/"


class Lanes(LoadFileScheduling):  # type: ignore[misc]
    """Who has no file of its own kind left takes one of the other."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        waits = int(node.gateway.id.removeprefix("gw")) % 2 == 0
        if file := next((each for each in self.workqueue if (WAITING in each) == waits), None):
            self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., None]) -> Lanes | None:
    return Lanes(config, log) if config.getvalue("dist") == "loadfile" else None
