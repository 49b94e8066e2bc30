"""Numbers with their nouns."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 dead letter, 2 dead letters."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
