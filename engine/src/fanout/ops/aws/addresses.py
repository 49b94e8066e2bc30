"""Where something can be read in AWS's own console, which asks for a sign-in of its own."""

from urllib.parse import quote


def log_address(region: str, group: str, stream: str) -> str:
    """Of a log group's stream."""
    return f"{_home(region)}#logsV2:log-groups/log-group/{_twice(group)}/log-events/{_twice(stream)}"


def trace_address(region: str, trace_id: str) -> str:
    return f"{_home(region)}#xray:traces/{quote(trace_id, safe='', errors='replace')}"


def _home(region: str) -> str:
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"


def _twice(text: str) -> str:
    """As that page writes its own addresses: percent-encoded twice, with $ for %."""
    return quote(quote(text, safe="", errors="replace"), safe="").replace("%", "$")
