"""The names by which stack, functions and tools know each other. Standard library only: it travels in every function."""

TASK = "FANOUT_TASK"
"""The task's folder name."""

STACK = "FANOUT_STACK"
"""The stack's name: a dimension of every metric, as two environments may share an account."""

MEASURED_FORMS = "FANOUT_MEASURED_FORMS"
"""So many forms have metrics of their own; 0: none."""

QUEUE_URL = "FANOUT_QUEUE_URL"
"""The task's own queue: where the function hides a failed message until its next attempt."""

DEAD_LETTER_QUEUE_URL = "FANOUT_DEAD_LETTER_QUEUE_URL"
"""The task's own dead-letter queue: where the function puts what no retry can help."""

RETRY_DELAYS = "FANOUT_RETRY_DELAYS"
"""Whole seconds to wait after failure 1, 2, ...: "30,120,480". One attempt more than there are delays."""

RETRY_JITTER = "FANOUT_RETRY_JITTER"
"""The fraction by which each delay is made shorter or longer: "0.2"."""

CONCURRENCY = "FANOUT_CONCURRENCY"
"""Messages of one batch at a time."""

COMPLETED_TABLE = "FANOUT_COMPLETED_TABLE"
"""The table of events this task has completed; absent for a task that may run twice."""

COMPLETED_SECONDS = "FANOUT_COMPLETED_SECONDS"
"""How long a completed event is remembered."""

CIRCUIT_FAILURES = "FANOUT_CIRCUIT_FAILURES"
"""Failures in a row that switch the mapping off; absent for a task without a circuit breaker."""

CIRCUIT = "fanout:circuit"
"""Tag of an open mapping: the time, in seconds since 1970, at which its circuit opened."""
