"""One file per rule: a minimal template that breaks it, `---`, and a minimal one that does not."""

from pathlib import Path

ROOT = Path(__file__).parent


def examples(rule: str) -> tuple[str, str]:
    """The broken and the clean example of a rule, as YAML."""
    broken, clean = (ROOT / f"{rule}.yaml").read_text("utf-8").split("\n---\n")
    return broken.removeprefix("# broken\n"), clean.removeprefix("# clean\n")
