"""AWS SAM's resources, written out by its own translator where that is installed (fanout[sam]).

https://github.com/aws/serverless-application-model
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

from fanout.installed import missing
from fanout.template.macros import SERVERLESS, transforms

_TRANSFORM = "AWS::Serverless-2016-10-31"
_SOMEWHERE = {"Bucket": "bucket", "Key": "key"}
_CODE = {
    "AWS::Serverless::Function": ("CodeUri",),
    "AWS::Serverless::LayerVersion": ("ContentUri",),
    "AWS::Serverless::Api": ("DefinitionUri",),
    "AWS::Serverless::HttpApi": ("DefinitionUri",),
    "AWS::Serverless::StateMachine": ("DefinitionUri",),
}
"""Properties that name local files before a template is packaged; what is in the files is no matter here."""
_UNTRANSLATED = "AWS::Serverless::Application"


class _Session:
    """What the translator asks of a boto3 session: the Region, for names of partitions."""

    region_name = "us-east-1"


def expand(body: dict[str, Any], parameters: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """`body` with what SAM writes in the place of its resources, and None; or as it is, and why.

    Applications of the repository stay as they are: their templates are elsewhere.
    """
    try:
        from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
        from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
    except ImportError:
        return body, missing("what SAM writes", "samtranslator") or "aws-sam-translator is not installed"
    prepared, kept = _prepared(body)
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)  # it says there what its exceptions say, and more
    try:
        made = Translator({}, Parser(), [], _Session()).translate(prepared, dict(parameters))
    except Exception as error:  # whatever is odd in somebody's template; the translator has no one class for it
        return body, f"SAM's translator does not take it: {type(error).__name__}"
    resources = made.get("Resources")
    if not isinstance(resources, dict):
        return body, "SAM's translator made nothing of it"
    made["Resources"] = {**resources, **kept}
    return made, None


def is_sam(body: Mapping[str, Any]) -> bool:
    """Whether it has resources of SAM, whichever file says that they are to be transformed."""
    resources = body.get("Resources")
    every = resources.values() if isinstance(resources, dict) else ()
    return any(isinstance(each, dict) and str(each.get("Type")).startswith(SERVERLESS) for each in every)


def is_transformed(body: Mapping[str, Any]) -> bool:
    return any(each.startswith("AWS::Serverless-") for each in transforms(body))


def _prepared(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy with an address in the place of local files, and what is left out of it."""
    made = copy.deepcopy(body)
    made["Transform"] = _TRANSFORM
    resources, kept = made["Resources"], {}
    for name, each in list(resources.items()):
        if isinstance(each, dict) and each.get("Type") == _UNTRANSLATED:
            kept[name] = resources.pop(name)
        elif isinstance(each, dict):
            _without_files(each.get("Properties"), _CODE.get(str(each.get("Type")), ()))
    globals_ = made.get("Globals")
    if isinstance(globals_, dict):
        for name, properties in globals_.items():
            _without_files(properties, _CODE.get(f"{SERVERLESS}{name}", ()))
    return made, kept


def _without_files(properties: Any, keys: tuple[str, ...]) -> None:
    for key in keys:
        if isinstance(properties, dict) and isinstance(properties.get(key), str):
            properties[key] = dict(_SOMEWHERE)
