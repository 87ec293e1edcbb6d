"""The example that ships with Jinlan: a school and a roster of people who do not exist.

The ID numbers are of county 330199, which no place has. A few rows are wrong on purpose, as real
rosters are.
"""

from datetime import date
from pathlib import Path
from typing import Final

from ledger.domain.organisations import ANY_OCCUPATION, Scope

SCHOOL_NAME: Final = "金蓝示范职业培训学校"
SCHOOL_USCC: Final = "52330199MJ9900001D"
SCHOOL_SCOPE: Final = (Scope(ANY_OCCUPATION, frozenset(range(8)), date(2021, 1, 1)),)
ROSTER: Final = Path(__file__).with_name("roster.csv")
