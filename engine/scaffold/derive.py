"""From the files of the app to those of a new repository: which ones, under which names, and with which edits."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from fanout.scaffold.templates import fill, stored_name
from scaffold.edits import Stale
from scaffold.sources import SOURCES, Source

OWN: Final = Path(__file__).parent / "own"
"""What no file of the app is the original of."""
TRIAL: Final = {
    "EVENT_CLASS": "QnounQverb",
    "EVENT": "qnoun.qverb.v1",
    "SCHEMA": "qnoun_qverb.v1",
    "PRODUCT": "Qproduct",
    "MODULE": "qproduct",
    "PREFIX": "q-product",
    "NOUN_CLASS": "Qnoun",
    "NOUN": "qnoun",
    "VERB": "qverb",
    "TASK": "qtask",
    "ORDERED": "QORDERED",
}
"""Names that are nowhere else, with which a template is Python, so that ruff can format it. Longer ones come first."""

IN_STRINGS: Final = {name: f"@{name}@" for name in ("TOPIC_ARN", "TOPIC_REGION")}


def derived(root: Path) -> dict[str, str]:
    """The files of new repositories, by kind and path as they are stored in the package. Raises Stale."""
    files = {path.relative_to(OWN).as_posix(): path.read_text("utf-8") for path in sorted(OWN.rglob("*.txt"))}
    for source in SOURCES:
        files[f"{source.kind}/{stored_name(source.target or source.path)}"] = _edited(root, source)
    return dict(sorted(_formatted(files, root).items()))


def _edited(root: Path, source: Source) -> str:
    try:
        text = (root / source.path).read_text("utf-8")
    except OSError:
        raise Stale(f"{source.path} is not there: mend engine/scaffold/sources.py") from None
    for edit in source.edits:
        try:
            text = edit(text)
        except Stale as error:
            raise Stale(f"{source.path} {error}: mend engine/scaffold/sources.py") from None
    return text


def _formatted(files: dict[str, str], root: Path) -> dict[str, str]:
    """Python files without the imports that their edits made needless, and formatted."""
    python = {name: text for name, text in files.items() if name.endswith(".py.txt")}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
        for number, text in enumerate(python.values()):
            (folder / f"f{number}.py").write_text(fill(text, {**IN_STRINGS, **TRIAL}), "utf-8")
        for arguments in (["check", "--fix", "--quiet", "--select", "F401,I"], ["format", "--quiet"]):
            subprocess.run([sys.executable, "-m", "ruff", *arguments, temporary], check=True)
        formatted = [(folder / f"f{number}.py").read_text("utf-8") for number in range(len(python))]
    return {**files, **{name: _named_again(text) for name, text in zip(python, formatted, strict=True)}}


def _named_again(text: str) -> str:
    for name, trial in TRIAL.items():
        text = re.sub(re.escape(trial), f"@{name}@", text)
    return text
