"""Pieces of text that several packages write."""

from datetime import UTC, datetime


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 dead letter, 2 dead letters."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def markdown_cell(text: str) -> str:
    """Text of a template in a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def printable(text: str) -> str:
    """Other people's text on one line: it cannot move the cursor, colour the screen or turn the reading direction."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """As `printable`, with the line feeds that are in it."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """3 s, 12 min, 5 h, 2 d."""
    if moment is None:
        return "-"
    return lasting(((now or datetime.now(UTC)) - moment).total_seconds())


def lasting(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
