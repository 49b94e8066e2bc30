"""One line on stdout that CloudWatch turns into metrics of the intake: by its stack, as the runtime's are."""

import json
import os
import sys
import time

from fanout import names

UNITS = {names.UNSENT_AGE: "Seconds"}


def emit(**values: float) -> None:
    directive = {
        "Namespace": names.NAMESPACE,
        "Dimensions": [[names.STACK_DIMENSION]],
        "Metrics": [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in values],
    }
    stack = {names.STACK_DIMENSION: os.environ.get(names.STACK, "unknown")}
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, **stack, **values}
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
