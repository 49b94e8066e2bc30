"""Events as tests and benchmarks publish them, by the contract of the tests' app."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fanout.publisher import Event, new_event


def form_submitted(
    *,
    form_id: str,
    submission_id: str,
    answers: Mapping[str, Any],
    submitter_email: str | None = None,
    submitter_name: str | None = None,
    event_id: str | None = None,
    time: datetime | None = None,
    source: str | None = None,
    traceparent: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Event:
    submitter = {"email": submitter_email, "name": submitter_name}
    data = {
        "form_id": form_id,
        "submission_id": submission_id,
        "submitter": {key: value for key, value in submitter.items() if value is not None},
        "answers": answers,
    }
    return new_event(
        "form.submitted.v1",
        data,
        source=f"/forms/{form_id}" if source is None else source,
        event_id=event_id,
        time=time,
        traceparent=traceparent,
        attributes=attributes,
    )
