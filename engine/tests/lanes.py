"""Which worker runs which file: two begin with the tests that compute, the others with those that wait for an embedded AWS.
In the order of their folders, all would deploy and wait at once, while a core has nothing to do, and compute at once after it.
"""

from collections.abc import Callable

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

COMPUTING = ("gw0", "gw1")
WAITING = ("tests/local/", "tests/browser/")


class Lanes(LoadFileScheduling):  # type: ignore[misc]
    """Who has no file of its own kind left takes one of the other."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        computes = node.gateway.id in COMPUTING
        own = (each for each in self.workqueue if computes != any(place in each for place in WAITING))
        if file := next(own, None):
            self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., None]) -> Lanes | None:
    return Lanes(config, log) if config.getvalue("dist") == "loadfile" else None
