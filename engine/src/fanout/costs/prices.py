"""What AWS asks for: list prices of us-east-1 in US dollars, without free tiers and volume discounts.

AWS's own price pages are drawn in the browser, so most numbers come from pages that copy them. Each has its address and
the date that page gives for itself; SEEN is when we looked. `weak` says what to check before relying on one.
"""

from dataclasses import dataclass

REGION = "us-east-1"
SEEN = "2026-11-23"

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """`dollars` for one `unit`."""

    name: str
    dollars: float
    unit: str
    source: str
    dated: str
    weak: str = ""


_SNS = "https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/"
_SQS = "https://cloudburn.io/blog/amazon-sqs-pricing"
_LAMBDA = "https://cloudchipr.com/blog/aws-lambda-pricing"
_CLOUDWATCH = "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/"
_CLOUDWATCH_TOO = "https://cloudburn.io/blog/amazon-cloudwatch-pricing"
_FARGATE = "https://www.vantage.sh/blog/fargate-pricing"
_S3 = "https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples"
_DYNAMODB = "https://airbyte.com/data-engineering-resources/dynamodb-pricing"

PRICES = {
    each.name: each
    for each in (
        Price("sns-publish", 0.50 / MILLION, "publish of 64 KB", _SNS, "2026-06-13"),
        Price("sns-publish-fifo", 0.30 / MILLION, "publish", _SNS, "2026-06-13", "the price per GB is left out"),
        Price("sqs-request", 0.40 / MILLION, "request of 64 KB", _SQS, "2026-03-14"),
        Price("sqs-request-fifo", 0.50 / MILLION, "request of 64 KB", _SQS, "2026-03-14"),
        Price(
            "sqs-request-fair",
            0.10 / MILLION,
            "request for messages with a group in a standard queue, beside its own price",
            _SQS,
            "2026-03-14",
            "which requests AWS counts is not told; taken: send, receive, delete and hide",
        ),
        Price("lambda-request", 0.20 / MILLION, "invocation", _LAMBDA, "2024"),
        Price("lambda-gb-second-arm64", 0.0000133334, "GB-second", _LAMBDA, "2024"),
        Price("lambda-gb-second-x86_64", 0.0000166667, "GB-second", _LAMBDA, "2024"),
        Price("fargate-vcpu-hour-arm64", 0.03238, "vCPU and hour", _FARGATE, "undated", "undated source"),
        Price("fargate-gb-hour-arm64", 0.00356, "GB and hour", _FARGATE, "undated", "undated source"),
        Price(
            "public-address-hour",
            0.005,
            "public IPv4 address and hour",
            "https://scalefactory.com/blog/2023/08/02/ipv4-costs-on-aws/",
            "2023-08-02",
        ),
        Price("alarm-metric", 0.10, "metric of an alarm and month", _CLOUDWATCH_TOO, "2026-02"),
        Price("alarm-metric-high-resolution", 0.30, "metric of an alarm and month", _CLOUDWATCH_TOO, "2026-02"),
        Price("alarm-composite", 0.50, "composite alarm and month", _CLOUDWATCH_TOO, "2026-02"),
        Price(
            "custom-metric",
            0.30,
            "metric and month, by the hour",
            "https://signoz.io/guides/cloudwatch-pricing",
            "2026-02-15",
        ),
        Price("dashboard", 3.00, "dashboard and month", _CLOUDWATCH, "2026-06-13"),
        Price("log-ingested", 0.50, "GB", _CLOUDWATCH, "2026-06-13"),
        Price("log-stored", 0.03, "GB and month, compressed", _CLOUDWATCH_TOO, "2026-02"),
        Price("kms-key", 1.00, "key and month", "https://aws.amazon.com/kms/pricing/", "2026"),
        Price("kms-request", 0.03 / 10_000, "request", "https://cloudburn.io/blog/aws-kms-pricing", "2026-03-14"),
        Price("dynamodb-write", 0.625 / MILLION, "write of 1 KB", _DYNAMODB, "2025-07-21"),
        Price("dynamodb-read", 0.125 / MILLION, "read of 4 KB, consistent", _DYNAMODB, "2025-07-21"),
        Price(
            "dynamodb-stored",
            0.25,
            "GB and month",
            "https://aws.amazon.com/dynamodb/pricing/",
            "undated",
            "undated source",
        ),
        Price(
            "dynamodb-point-in-time",
            0.20,
            "GB of the table and month",
            "https://finops.com.py/services/dynamodb/backups",
            "undated",
            "undated source",
        ),
        Price("s3-stored", 0.023, "GB and month", _S3, "undated", "undated source"),
        Price(
            "http-request",
            1.00 / MILLION,
            "request of an HTTP API, of 512 KB",
            "https://awsforengineers.com/blog/aws-api-gateway-pricing-explained",
            "2025-05-19",
        ),
        Price(
            "s3-put",
            0.005 / 1000,
            "PUT",
            _S3,
            "undated",
            "undated source",
        ),
        Price(
            "s3-get",
            0.0004 / 1000,
            "GET",
            "https://c3x.dev/blog/s3-request-fees-explained",
            "undated",
            "undated source",
        ),
        Price(
            "secret",
            0.40,
            "secret and month",
            "https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms",
            "undated",
            "undated source",
        ),
        Price(
            "schedule",
            1.00 / MILLION,
            "invocation by EventBridge Scheduler",
            "https://cloudburn.io/blog/amazon-eventbridge-pricing",
            "2026-03-13",
        ),
        Price("xray-trace", 5.00 / MILLION, "trace recorded", "https://aws.amazon.com/xray/pricing/", "2026"),
        Price(
            "ses-email",
            0.10 / 1000,
            "e-mail",
            "https://www.acecloudinterviews.com/tutorials/aws/ses/",
            "undated",
            "undated source",
        ),
    )
}
"""By name. A dimension that we pay for and that is not here cannot be in a bill."""
