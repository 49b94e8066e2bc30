"""What a task raises on purpose. Any other exception is transient too, but only its place is told, not its message."""


class TaskError(Exception):
    """The first argument is the reason: one line for the operator, without personal data."""


class TransientError(TaskError):
    """It may pass: the event comes back at the next step of the subscriber's retry schedule."""


class PermanentError(TaskError):
    """A retry cannot help: the event belongs in the task's dead-letter queue."""


class ContractViolation(PermanentError):
    """The body is not an event that this task can read."""


class UnknownVersion(ContractViolation):
    """A sound CloudEvent of a type or major version that this task does not understand: deploy a task that does."""
