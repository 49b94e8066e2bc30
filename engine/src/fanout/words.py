"""Pieces of text that several packages write."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 dead letter, 2 dead letters."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def markdown_cell(text: str) -> str:
    """Text of a template in a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
