"""The app's synthesized templates, by settings entry."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
Template = dict[str, Any]


def cdk_context() -> dict[str, Any]:
    """Without the flags of cdk.json a test would see a template that is never deployed."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


@dataclass(frozen=True)
class Synth:
    """What `python app.py` writes."""

    folder: Path

    def __getitem__(self, name: str) -> Template:
        """The template of one settings entry, by its name."""
        (file,) = self.folder.glob(f"*-{name}.template.json")
        template: Template = json.loads(file.read_text())
        return template


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> resource, for a type like AWS::SQS::Queue."""
    return {id_: each for id_, each in template["Resources"].items() if each["Type"] == kind}
