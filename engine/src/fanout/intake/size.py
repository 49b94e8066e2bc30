"""How large, and what kind of file, in words for people."""

from fanout.intake.definition import Field


def in_words(bytes_: int) -> str:
    return f"{bytes_ / 1e6:.3g} MB" if bytes_ >= 1e6 else f"{max(bytes_ / 1e3, 0.1):.3g} kB"


def what_it_takes(field: Field) -> str:
    kinds = " or ".join(each.partition("/")[2].partition("+")[0].upper() for each in field.media_types)
    return f"{kinds}, at most {in_words(field.most_bytes)}"
