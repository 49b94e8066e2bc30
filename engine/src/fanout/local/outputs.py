"""What the deployed stack says about itself: its outputs, as the CDK CLI wrote them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fanout import names
from fanout.local.errors import LocalError

STACK = "FormEvents-local"


@dataclass(frozen=True)
class Subscriber:
    """Where one task's messages are, and who handles them."""

    task: str
    queue_url: str
    dead_letter_queue_url: str
    function_name: str


@dataclass(frozen=True)
class Outputs:
    """Tasks are found, never listed: a subscriber more in the stack is one more here."""

    values: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> "Outputs":
        try:
            return cls(json.loads(path.read_text())[STACK])
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise LocalError(f"{path} has no outputs of {STACK}: `make up` first") from error

    @property
    def topic_arn(self) -> str:
        return self[names.TOPIC_ARN_OUTPUT]

    @property
    def publisher_policy_arn(self) -> str:
        return self[names.PUBLISHER_POLICY_ARN_OUTPUT]

    @property
    def archive_bucket(self) -> str:
        return self["ArchiveBucketName"]

    @property
    def webhook_secret_arn(self) -> str:
        return self["WebhookSecretArn"]

    @property
    def tasks(self) -> list[str]:
        """In the words of lambdas/: `SendConfirmationFunctionName` tells of send_confirmation."""
        ids = [
            name.removesuffix(names.FUNCTION_NAME_OUTPUT)
            for name in self.values
            if name.endswith(names.FUNCTION_NAME_OUTPUT)
        ]
        return [re.sub(r"(?<!^)(?=[A-Z])", "_", id_).lower() for id_ in ids]

    def subscriber(self, task: str) -> Subscriber:
        id_ = "".join(word.capitalize() for word in task.split("_"))
        return Subscriber(
            task=task,
            queue_url=self[f"{id_}{names.QUEUE_URL_OUTPUT}"],
            dead_letter_queue_url=self[f"{id_}{names.DEAD_LETTER_QUEUE_URL_OUTPUT}"],
            function_name=self[f"{id_}{names.FUNCTION_NAME_OUTPUT}"],
        )

    def __getitem__(self, name: str) -> str:
        try:
            return self.values[name]
        except KeyError:
            raise LocalError(f"{STACK} has no output {name}; it has {', '.join(sorted(self.values))}") from None
