"""The names by which stack, functions and tools know each other; each is spelt here and nowhere else.

Standard library only: it travels in every function. For a moment of each deployment an old function meets a new stack, or
the reverse, as AWS changes code and variables in two calls. So a new variable has a default in the runtime, and an old one
goes one release after the last function that reads it. engine/docs/names.md tells other teams what to set.
"""

# Tags

TASK_TAG = "fanout:task"
"""Of a subscriber's queues, function and mapping: its task."""
PAUSED_TAG = "fanout:paused"
"""Of a queue whose mapping an operator has switched off: who, when and why."""
CIRCUIT_TAG = "fanout:circuit"
"""Of an open mapping: the time, in seconds since 1970, at which its circuit opened."""

# Outputs of a stack

TOPIC_ARN_OUTPUT = "TopicArn"
TOPIC_ARN_PARAMETER_OUTPUT = "TopicArnParameter"
TOPIC_KEY_ARN_OUTPUT = "TopicKeyArn"
PUBLISHER_POLICY_ARN_OUTPUT = "PublisherPolicyArn"
OPERATOR_READ_POLICY_ARN_OUTPUT = "OperatorReadPolicyArn"
OPERATOR_HEAL_POLICY_ARN_OUTPUT = "OperatorHealPolicyArn"

QUEUE_URL_OUTPUT = "QueueUrl"
"""The end of an output's name, which begins with the subscriber's id; the same for the next two."""
DEAD_LETTER_QUEUE_URL_OUTPUT = "DeadLetterQueueUrl"
FUNCTION_NAME_OUTPUT = "FunctionName"

# Messages

CAUSE_ATTRIBUTE = "fanout.cause"
"""Of a dead-letter message, why: a JSON object of task, error_type, error, attempt, message_id, function_request_id."""
HEARTBEAT_TYPE = "form.heartbeat.v1"
"""The CloudEvents type of what a schedule publishes; a subscriber acknowledges it without running its task."""

# Metrics

NAMESPACE = "Fanout"
STACK_DIMENSION, TASK_DIMENSION = "stack", "task"
DONE, DUPLICATE, FAILED, DEAD = "Done", "Duplicate", "Failed", "Dead"
"""Counts of events."""
ATTEMPTS, LATENCY, HEARTBEAT = "Attempts", "Latency", "Heartbeat"
"""Of an event that is done its attempts, and milliseconds since its own time; of a heartbeat, milliseconds since it was due."""

# Metadata of a template and of a resource

METADATA = "fanout"
PRODUCTION_METADATA, ACKNOWLEDGE_METADATA = "production", "acknowledge"
"""{fanout: {production: true}} and {fanout: {acknowledge: [{rule, reason}]}}."""

# Context of cdk.json

PRODUCT_CONTEXT, PREFIX_CONTEXT = "fanout:product", "fanout:prefix"

# Environment variables of a function

VARIABLES = "FANOUT_"
"""All of ours begin so."""
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

# Environment variables of an operator's machine

HOME = "FANOUT_HOME"
"""The folder of the operators' journal."""
