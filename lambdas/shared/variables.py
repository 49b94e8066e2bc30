"""Names of the variables by which a function learns what its Subscriber declared. Owned here, set by stacks/."""

TASK = "FANOUT_TASK"
"""The task's folder name."""

QUEUE_URL = "FANOUT_QUEUE_URL"
"""The task's own queue: where the function hides a failed message until its next attempt."""

RETRY_DELAYS = "FANOUT_RETRY_DELAYS"
"""Whole seconds to wait after failure 1, 2, ...: "30,120,480". One attempt more than there are delays."""
