"""One event source mapping as Lambda has it, by what AWS documents, on a clock of the test's.

| behaviour | source |
|---|---|
| a change is accepted at once and carried out later: Enabling, Disabling, Updating in between | https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html (State) |
| a change in between is ResourceInUseException | https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html (Errors) |
| too many calls: TooManyRequestsException | the same |
| what lists and tags say may be behind what was written | https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html; how long is nowhere: `behind` |
| tags are added and taken away by key; an absent key is no error | https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html |
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from botocore.exceptions import ClientError

Value = TypeVar("Value")
ARN = "arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:m"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:queue"


def refused(code: str, operation: str = "UpdateEventSourceMapping") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)


class Lambda:
    """`changing`: seconds that a change takes; `behind`: how old lists and tags may be; `throttled`: updates to refuse.

    `called` is told the name of each operation before it takes effect.
    """

    def __init__(
        self,
        now: Callable[[], float] = lambda: 0.0,
        *,
        changing: float = 0.0,
        behind: float = 0.0,
        called: Callable[[str], None] = lambda operation: None,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.now, self.changing, self.behind, self._called = now, changing, behind, called
        self.variables = variables or {}
        self.throttled = 0
        self.switches: list[tuple[float, bool]] = []
        self._states: list[tuple[float, str]] = [(-1e9, "Enabled")]
        self._tags: list[tuple[float, dict[str, str]]] = [(-1e9, {})]

    @property
    def state(self) -> str:
        return self._at(self._states, self.now())

    @state.setter
    def state(self, value: str) -> None:
        self._states.append((self.now(), value))

    @property
    def tags(self) -> dict[str, str]:
        return self._at(self._tags, self.now())

    @tags.setter
    def tags(self, value: dict[str, str]) -> None:
        self._tags.append((self.now(), value))

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:
        self._called("get")
        return self._mapping(self.now())

    def list_event_source_mappings(self, **request: Any) -> dict[str, Any]:
        self._called("list")
        return {"EventSourceMappings": [self._mapping(self.now() - self.behind)]}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> dict[str, Any]:
        self._called("on" if Enabled else "off")
        if self.throttled:
            self.throttled -= 1
            raise refused("TooManyRequestsException")
        if self.state not in ("Enabled", "Disabled"):
            raise refused("ResourceInUseException")
        now, wanted = self.now(), "Enabled" if Enabled else "Disabled"
        self.switches.append((now, Enabled))
        if self.changing:
            self._states.append((now, "Updating" if wanted == self.state else wanted.replace("ed", "ing")))
        self._states.append((now + self.changing, wanted))
        return self._mapping(now)

    def list_tags(self, *, Resource: str) -> dict[str, Any]:
        self._called("tags")
        tags: dict[str, str] = self._at(self._tags, self.now() - self.behind)
        return {"Tags": tags.copy()}

    def tag_resource(self, *, Resource: str, Tags: dict[str, str]) -> None:
        self._called("tag")
        self.tags = self.tags | Tags

    def untag_resource(self, *, Resource: str, TagKeys: Sequence[str]) -> None:
        self._called("untag")
        self.tags = {key: value for key, value in self.tags.items() if key not in TagKeys}

    def get_function_configuration(self, **request: Any) -> dict[str, Any]:
        return {"Environment": {"Variables": self.variables}}

    def _mapping(self, at: float) -> dict[str, Any]:
        return {
            "UUID": "m",
            "State": self._at(self._states, at),
            "EventSourceMappingArn": ARN,
            "EventSourceArn": QUEUE_ARN,
        }

    @staticmethod
    def _at(history: list[tuple[float, Value]], moment: float) -> Value:
        return next(value for since, value in reversed(history) if since <= moment)
