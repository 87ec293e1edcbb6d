"""How little of a person is shown where a list or report must yet tell them apart.

    name     吴*                    the first character, and one star whatever the length
    number   330***********2154     the first three and last four characters

A name's length would narrow down who it is; a number's is the same for everybody.
"""

from typing import Final

STARS_MAX: Final = 100
_SHOWN_FIRST: Final = 3
_SHOWN_LAST: Final = 4


def mask_name(name: str) -> str:
    """Mask a name but for its first character; nothing stays nothing."""
    return name[:1] + "*" if name else ""


def mask_number(text: str) -> str:
    """Mask an ID number or phone but for its first three and last four characters.

    One of at most seven characters is masked wholly. At most ``STARS_MAX`` stars stand between.
    """
    hidden = len(text) - _SHOWN_FIRST - _SHOWN_LAST
    if hidden <= 0:
        return "*" * len(text)
    return f"{text[:_SHOWN_FIRST]}{'*' * min(hidden, STARS_MAX)}{text[-_SHOWN_LAST:]}"
