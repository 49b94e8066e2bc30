"""Which outputs of a template others may use."""

from __future__ import annotations

from typing import Any


def is_export(output: Any) -> bool:
    export = output.get("Export") if isinstance(output, dict) else None
    return isinstance(export, dict) and "Name" in export and "Value" in output


def is_published(name: str, output: Any) -> bool:
    """CDK's weak references name an output of another stack, which is not exported for that."""
    return name.startswith("PublishOutput") and isinstance(output, dict) and "Value" in output
