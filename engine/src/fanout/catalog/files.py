"""Which documents of an app are not what its templates say, and writing them."""

from __future__ import annotations

from pathlib import Path

from fanout.catalog.documents import FOLDER, documents, is_generated


def stale_documents(assembly: Path, root: Path, *, stack: str | None = None) -> dict[Path, str | None]:
    """The documents below `root` that differ from what the templates say, with their text; None: to be removed.

    Raises Unusable or ContractError, one line.
    """
    wanted = documents(assembly, root, stack=stack)
    there = {path.relative_to(root): _text(path) for path in (root / FOLDER).rglob("*.*")}
    left = {path for path, text in there.items() if path not in wanted and text and is_generated(text)}
    changed = {path for path, text in wanted.items() if _text(root / path) != text}
    return {path: wanted.get(path) for path in sorted(left | changed)}


def write_document(path: Path, text: str | None) -> None:
    """Write the text, or remove the document."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _text(path: Path) -> str | None:
    """None of what is there without being one of ours: a picture, a .DS_Store, a folder."""
    try:
        return path.read_text("utf-8") if path.is_file() else None
    except UnicodeDecodeError:
        return None
