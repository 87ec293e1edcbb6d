"""Install the example: a school, the policy's occupations and the sample credit schedule."""

from ledger.domain.organisations import Organisation
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.example import SCHOOL_NAME, SCHOOL_SCOPE, SCHOOL_USCC
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.organisations import add_organisation, add_schedule, read_registry


def install_example(ledger: Ledger) -> Organisation:
    """Add the example school and the sample schedule where they are missing; give the school."""
    registry = read_registry(ledger)
    if (EXAMPLE_SCHEDULE.schedule_id, EXAMPLE_SCHEDULE.version) not in registry.schedule_entries:
        add_schedule(ledger, EXAMPLE_SCHEDULE)
    school = next((o for o in registry.organisations.values() if o.uscc == SCHOOL_USCC), None)
    if school is None:
        school = add_organisation(ledger, SCHOOL_NAME, SCHOOL_USCC, "school", SCHOOL_SCOPE)
    sign_checkpoint(ledger)
    return school
