"""What a task raises when trying again cannot help. Any other exception means: try again."""


class PermanentError(Exception):
    """A retry cannot help: the event goes to the task's dead-letter queue at once.

    The first argument is the reason: one line for the operator, without form answers or other personal data.
    """


class ContractViolation(PermanentError):
    """The body is not an event that this task can read."""


class UnknownVersion(ContractViolation):
    """A sound CloudEvent of a type or major version that this task does not understand: deploy a task that does."""
