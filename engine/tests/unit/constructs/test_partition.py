"""What names a partition is written where it is known to be aws, and nowhere else."""

import re

from tests.places import ENGINE, REPOSITORY

KNOWN = {
    "constructs/delivery.py": {"arn:aws:sns", "arn:aws:firehose"},  # of ARNs in an error's words
    "constructs/distance.py": {".amazonaws.com"},  # of the name that SNS delivers under across Regions
    "constructs/heartbeat.py": {"arn:aws:scheduler"},  # Scheduler's own name of SNS's Publish
    "constructs/topic.py": {".amazonaws.com"},  # of kms:ViaService
    "constructs/topic_checks.py": {"arn:aws:sns"},  # of an ARN in an error's words
}
"""Settings refuse a region of another partition: these wait for a proof there."""
_LITERAL = re.compile(r"arn:aws:[a-z]+|(?<![a-z])\.amazonaws\.com")
_PRINCIPAL = re.compile(r'ServicePrincipal\(\s*"[a-z]+\.amazonaws\.com"|"Service": "[a-z]+\.amazonaws\.com"')


def test_no_further_partition_is_written_out() -> None:
    found: dict[str, set[str]] = {}
    for folder in (ENGINE / "src" / "fanout" / "constructs", REPOSITORY / "stacks"):
        for path in folder.rglob("*.py"):
            text = _PRINCIPAL.sub("", path.read_text("utf-8"))
            names = set(_LITERAL.findall(text))
            if names:
                found[f"{folder.name}/{path.relative_to(folder)}"] = names
    assert found == KNOWN
