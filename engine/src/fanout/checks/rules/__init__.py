"""The rules, grouped by what they are about. Importing this package registers all of them in RULES."""

from fanout.checks.rule import RULES
from fanout.checks.rules import (
    acknowledgements,
    alarms,
    concurrency,
    dead_letters,
    encryption,
    filters,
    functions,
    limits,
    logs,
    mappings,
    queue_policies,
    queues,
    redrive_allow,
    secrets,
    stateful,
    subscriptions,
    tls,
)

__all__ = [
    "RULES",
    "acknowledgements",
    "alarms",
    "concurrency",
    "dead_letters",
    "encryption",
    "filters",
    "functions",
    "limits",
    "logs",
    "mappings",
    "queue_policies",
    "queues",
    "redrive_allow",
    "secrets",
    "stateful",
    "subscriptions",
    "tls",
]
