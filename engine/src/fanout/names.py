"""The names by which stack, functions and tools know each other, spelt nowhere else; docs/names.md explains each.

For a moment of each deployment an old function meets a new stack, or the reverse. So a new variable has a default in the
runtime, and an old one goes one release after the last function that reads it. Standard library only, and short: this
file travels in every function.
"""

# Tags
TASK_TAG = "fanout:task"
PAUSED_TAG = "fanout:paused"
CIRCUIT_TAG = "fanout:circuit"
REPLAYABLE_TAG = "fanout:replayable"
BACKFILL_TAG = "fanout:backfill"
BACKFILLED_TAG = "fanout:backfilled"

# Outputs of a stack; of a subscriber, the ends of their names, and how its first one is described
TOPIC_ARN_OUTPUT = "TopicArn"
TOPIC_ARN_PARAMETER_OUTPUT = "TopicArnParameter"
TOPIC_KEY_ARN_OUTPUT = "TopicKeyArn"
FAIR_BY_OUTPUT, MAX_BYTES_OUTPUT = "FairBy", "MaxBytes"
PUBLISHER_POLICY_ARN_OUTPUT = "PublisherPolicyArn"
OPERATOR_READ_POLICY_ARN_OUTPUT = "OperatorReadPolicyArn"
OPERATOR_HEAL_POLICY_ARN_OUTPUT = "OperatorHealPolicyArn"
ALARM_TOPIC_ARNS_OUTPUT = "AlarmTopicArns"
RECORDS_TABLE_OUTPUT = "RecordsTableName"
ARCHIVE_BUCKET_OUTPUT = "ArchiveBucketName"
ATTACHMENTS_BUCKET_OUTPUT = "AttachmentsBucketName"
OPERATOR_REPLAY_POLICY_ARN_OUTPUT = "OperatorReplayPolicyArn"
OPERATOR_ERASE_POLICY_ARN_OUTPUT = "OperatorErasePolicyArn"
QUEUE_URL_OUTPUT = "QueueUrl"
DEAD_LETTER_QUEUE_URL_OUTPUT = "DeadLetterQueueUrl"
FUNCTION_NAME_OUTPUT = "FunctionName"
WORKER_ROLE_ARN_OUTPUT = "WorkerRoleArn"
WORKER_PARAMETER_OUTPUT = "WorkerParameter"
SERVICE_ARN_OUTPUT = "ServiceArn"
LOG_GROUP_OUTPUT = "LogGroupName"
OF_TASK, WITH_BACKFILL = "Of the task ", ", with a backfill"
SUBSCRIPTION_ARN_OUTPUT, DELIVERY_ARN_OUTPUT = "DirectSubscriptionArn", "DeliveryArn"

# An intake: its word, and its outputs
INTAKE = "intake"
INTAKE_URL_OUTPUT = "IntakeUrl"
INTAKE_TABLE_OUTPUT = "IntakeTableName"
INTAKE_SUBJECT_SECRET_OUTPUT = "IntakeSubjectSecretArn"
INTAKE_DEFINITIONS_OUTPUT = "IntakeDefinitions"

# Messages
CAUSE_ATTRIBUTE = "fanout.cause"
REPLAY_ATTRIBUTE = "fanout.replay"
HEARTBEAT_TYPE = "fanout.heartbeat.v1"
HEARTBEAT_SUFFIX = ".heartbeat.v1"
"""Every type that ends so is a heartbeat: an engine of another version may publish another."""
PROBE_TYPE = "fanout.probe.v1"
PROBE_SUFFIX = ".probe.v1"
"""Likewise of probes. As a message attribute they have HEARTBEAT_TYPE, which filters let through."""

# Metrics
NAMESPACE = "Fanout"
STACK_DIMENSION, TASK_DIMENSION = "stack", "task"
DONE, DUPLICATE, FAILED, DEAD = "Done", "Duplicate", "Failed", "Dead"
ATTEMPTS, LATENCY, HEARTBEAT, LEFT_OVER, PROBE = "Attempts", "Latency", "Heartbeat", "LeftOver", "Probe"

# Metrics of an intake, by its stack
UNSENT_AGE, SWEPT, POISON = "UnsentAge", "Swept", "Poison"

# Log lines: only the runtime's own have this field, with the value of METADATA, and a task cannot set it
LOG_FIELD = "log"

# The table of a stack: its key, and the index by an event's reference
RECORD_KEY, RECORD_EXPIRES, RECORD_REFERENCE, REFERENCE_INDEX = "task_event", "expires_at", "reference", "by-reference"

# The archive: what stands before the day in the keys of its objects
ARCHIVE_PREFIX = "events-by-day"
ERASED_PREFIX, ERASED_AT = "erased", "erased_at"

# What stands beside an event in S3: the event's attribute that says where, and what the keys of objects begin with
CLAIM_CHECK = "claimcheck"
CLAIMS_PREFIX, FILES_PREFIX, UPLOADS_PREFIX = "claims", "files", "uploads"

# Metadata of a template or resource, context of cdk.json, an operator's environment
METADATA, PRODUCTION_METADATA, ACKNOWLEDGE_METADATA = "fanout", "production", "acknowledge"
FAIR_BY_METADATA, TYPES_METADATA = "fair_by", "types"
PRODUCT_CONTEXT, PREFIX_CONTEXT = "fanout:product", "fanout:prefix"
INTAKE_CONTEXT = "fanout:intake"
CONSOLE_TOKEN = "FANOUT_CONSOLE_TOKEN"
"""Of a console that `fanout local up` starts: an argument could be read by others."""
HOME = "FANOUT_HOME"

# Environment variables of a function, and of a worker
VARIABLES = "FANOUT_"
TASK = "FANOUT_TASK"
STACK = "FANOUT_STACK"
MEASURED_GROUPS = "FANOUT_MEASURED_GROUPS"
METRICS = "FANOUT_METRICS"
"""full, or essential: what alarms and dashboard ask for."""
QUEUE_URL = "FANOUT_QUEUE_URL"
DEAD_LETTER_QUEUE_URL = "FANOUT_DEAD_LETTER_QUEUE_URL"
RETRY_DELAYS = "FANOUT_RETRY_DELAYS"
RETRY_JITTER = "FANOUT_RETRY_JITTER"
CONCURRENCY = "FANOUT_CONCURRENCY"
COMPLETED_TABLE = "FANOUT_COMPLETED_TABLE"
COMPLETED_SECONDS = "FANOUT_COMPLETED_SECONDS"
IDEMPOTENT = "FANOUT_IDEMPOTENT"
CIRCUIT_FAILURES = "FANOUT_CIRCUIT_FAILURES"
TRACEBACKS = "FANOUT_TRACEBACKS"
EMITS, EMITTED = "FANOUT_EMITS_", "FANOUT_EMITTED_"
"""With the type of an event in capitals behind: the topic's ARN, and what its schema says as JSON."""
VISIBILITY = "FANOUT_VISIBILITY"
LONGEST_ATTEMPT = "FANOUT_LONGEST_ATTEMPT"
GRACE = "FANOUT_GRACE"
COOL_DOWN = "FANOUT_COOL_DOWN"
INTAKE_TABLE = "FANOUT_INTAKE_TABLE"
INTAKE_TOPIC_ARN = "FANOUT_INTAKE_TOPIC_ARN"
INTAKE_KEEP_SECONDS = "FANOUT_INTAKE_KEEP_SECONDS"
INTAKE_PER_MINUTE = "FANOUT_INTAKE_PER_MINUTE"
INTAKE_ORIGINS = "FANOUT_INTAKE_ORIGINS"
INTAKE_SUBJECT_SECRET = "FANOUT_INTAKE_SUBJECT_SECRET"
INTAKE_TASKS = "FANOUT_INTAKE_TASKS"
INTAKE_RECORDS_TABLE = "FANOUT_INTAKE_RECORDS_TABLE"
INTAKE_ADDRESS = "FANOUT_INTAKE_ADDRESS"
ATTACHMENTS_BUCKET = "FANOUT_ATTACHMENTS_BUCKET"
OTHER_CONTENT = "OtherContent"
"""The error type of an event whose identity another event, of other content, has used."""
