"""Writes a schema as Python code that refuses what the schema does not allow: in a file for tasks, in memory for publishers."""

import ast
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import fastjsonschema

from fanout.contracts.simplify import simplified
from fanout.runtime.errors import ContractViolation
from fanout.runtime.event import utc

NAMED_BY_THE_PUBLISHER: Final = ("additionalProperties", "patternProperties")
"""Keywords for which fastjsonschema keeps a copy of an object's keys, and strikes out of it what it has seen."""
DECODING: Final = ("contentEncoding", "contentMediaType")
UNJUDGED: Final = "event holds NaN, infinity or a number that is too large, where its schema asks for a multiple"
IMPORTS: Final = {"Decimal": "from decimal import Decimal", "NoneType": "NoneType = type(None)"}


def validator_code(schema: dict[str, Any], *, formats: bool = False) -> str:
    """The source of `_validate(data)`, which needs `re`, and ContractViolation as `_Violation`.

    Its errors name path and rule, and never a value or a key that the schema does not name: they may be personal data.
    `format` is left to the publisher: the patterns hold what tasks rely on, and compiling the formats' regular
    expressions takes 2 ms of every cold start. Raises ValueError, in one line, for what is no schema.
    """
    try:
        schema = _without_decoding(schema)
        code = fastjsonschema.compile_to_code(schema, use_default=False, use_formats=formats, handlers=_NOT_LOADED)
        module = ast.parse(code)
    except (fastjsonschema.JsonSchemaException, ArithmeticError, LookupError, TypeError, ValueError) as error:
        reason = str(error) or type(error).__name__
    except (AttributeError, RecursionError, SyntaxError, re.error) as error:
        reason = f"{type(error).__name__}: {error}"
    else:
        code = ast.unparse(simplified(module, code, copies=_says(schema, NAMED_BY_THE_PUBLISHER)))
        return "\n".join([*(line for name, line in IMPORTS.items() if re.search(rf"\b{name}\b", code)), code])
    raise ValueError(" ".join(reason.split()))


def problem_finder(schema: dict[str, Any], *, formats: bool = True) -> Callable[[Any], str | None]:
    """A function from an event to what is wrong with it (path and rule, never a value) or None. `format` is checked, as
    publishers do; without `formats` it is not, as in tasks."""
    return _problem_finder(json.dumps(schema), formats)


@cache
def _problem_finder(schema: str, formats: bool) -> Callable[[Any], str | None]:
    names: dict[str, Any] = {"re": re, "_Violation": ContractViolation}
    exec(validator_code(json.loads(schema), formats=formats), names)

    def problem(event: Any) -> str | None:
        try:
            names["_validate"](event)
            if isinstance(event, dict) and isinstance(event.get("time"), str):
                utc(event["time"])  # tasks read it, and not every time that matches a pattern exists
        except ContractViolation as error:
            return str(error)
        except (ArithmeticError, ValueError):
            return UNJUDGED
        except RecursionError:
            return "event is nested too deeply"
        return None

    return problem


def _not_loaded(uri: str) -> Any:
    raise ValueError(f"$ref to {uri}: only a definition in the same file can be referred to")


_NOT_LOADED: Final = {scheme: _not_loaded for scheme in ("", "http", "https", "file", "ftp", "data", "urn")}


def _without_decoding(schema: Any) -> Any:
    """The two keywords only describe a string, while fastjsonschema's code replaces the string by what it decodes."""
    if isinstance(schema, list):
        return [_without_decoding(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: each for key, each in schema.items() if key not in DECODING or not isinstance(each, str)}
    return {key: each if key in ("const", "enum") else _without_decoding(each) for key, each in kept.items()}


def _says(schema: Any, keywords: tuple[str, ...]) -> bool:
    if isinstance(schema, dict):
        return any(each in schema for each in keywords) or any(_says(each, keywords) for each in schema.values())
    return isinstance(schema, list) and any(_says(each, keywords) for each in schema)
