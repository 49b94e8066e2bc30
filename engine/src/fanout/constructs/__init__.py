"""What is deployed: topic, subscribers, alarms, dashboard, heartbeat."""

from fanout.installed import require

require("aws_cdk", by="fanout.constructs")
