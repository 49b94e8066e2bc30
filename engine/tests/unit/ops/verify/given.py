"""Probes, as events."""

from datetime import UTC, datetime
from typing import Any

from fanout import names
from fanout.ops.verify.probes import PREFIX

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


def probe(id_: str = "run-done-0", **changes: Any) -> dict[str, Any]:
    """The event of a probe."""
    return {
        "specversion": "1.0",
        "id": f"{PREFIX}{id_}",
        "source": "/fanout/verify",
        "type": names.PROBE_TYPE,
        "time": AT.isoformat(),
        "data": {"task": None, "do": "done", "until_attempt": 2, "seconds": 900},
        **changes,
    }
