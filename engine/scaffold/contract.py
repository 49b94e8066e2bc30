"""The app's contract with a neutral event in its place: the same envelope, and one id as its data."""

import json
from collections.abc import Callable
from typing import Any

from scaffold.edits import Edit

Json = dict[str, Any]
NOUN_ID = "@NOUN@_id"


def as_json(change: Callable[[Json], Json]) -> Edit:
    """An edit of a file that is one JSON object."""
    return lambda text: json.dumps(change(json.loads(text)), indent=2, ensure_ascii=False) + "\n"


def neutral_schema(schema: Json) -> Json:
    """The envelope stays, and of the data one id stays; the rest is for the team to write."""
    properties = schema["properties"]
    identity = properties["data"]["properties"]["submission_id"]
    data = {
        "description": "What a task needs to know. Name each field here; personal data is in no log and in no error.",
        "type": "object",
        "required": [NOUN_ID],
        "properties": {NOUN_ID: {**identity, "x-fanout": ["group", "reference"]}},
    }
    changed = {
        "data": data,
        "source": {**properties["source"], "description": "Where it happened, a URI reference such as /@NOUN@s."},
        "type": {"const": "@EVENT@"},
        "time": {
            **properties["time"],
            "description": "When it happened: RFC 3339, with an offset, in the years 1000 to 2999.",
        },
    }
    described = schema["description"].replace("One form submitted", "@NOUN@ @VERB@")
    names = {"$id": "urn:@PREFIX@:@EVENT@", "title": "@EVENT@", "description": described}
    return {**schema, **names, "properties": {**properties, **changed}}


def neutral_example(number: int) -> Callable[[Json], Json]:
    """An example of the app with the neutral event's data, if it has any."""

    def change(event: Json) -> Json:
        type_ = event["type"].replace("form.submitted.v1", "@EVENT@").replace("form.submitted.", "@NOUN@.@VERB@.")
        data = {"data": {NOUN_ID: f"@NOUN@-{number:04}"}} if "data" in event else {}
        kept = {name: value for name, value in event.items() if name != "dataschema"}
        return {**kept, "source": "/@NOUN@s", "type": type_, **data}

    return change
