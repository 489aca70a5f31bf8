"""When a recipient may be written to: working days, quiet hours, and not before the morning of their own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from services.notify.domain.instants import at_local, local_day, wall_time
from shared.plan.calendar import WorkingDays
from shared.plan.model import QuietHours

WAITS_FOR_MORNING = "waits_for_recipient_morning"
WAITS_FOR_WORKING_DAY = "waits_for_working_day"
WAITS_FOR_QUIET_HOURS = "quiet_hours"
WAITS_FOR_NEXT_MAIL = "waits_for_next_mail"


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: until when (epoch ms), and the named reason."""

    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Hours:
    """When letters of a plan go out: at `mail_at` (HH:MM) of a working day, never within `quiet`."""

    mail_at: str
    quiet: QuietHours | None
    working: WorkingDays

    @property
    def morning(self) -> str:
        """The clock time at which what waited goes out: `mail_at`, or the end of the quiet hours that hold it."""
        return self.quiet.end if self.quiet and is_quiet(self.mail_at, self.quiet) else self.mail_at


def is_quiet(clock_time: str, quiet: QuietHours) -> bool:
    """Whether `HH:MM` lies in [begin, end), which may span midnight; equal bounds are no quiet hours at all."""
    if quiet.begin <= quiet.end:
        return quiet.begin <= clock_time < quiet.end
    return clock_time >= quiet.begin or clock_time < quiet.end


def wait_of(now_ms: int, time_zone: str, hours: Hours) -> Wait | None:
    """Whether a recipient in this zone must wait at this instant; None: write now."""
    today = local_day(now_ms, time_zone)
    if not hours.working.is_working(today):
        return Wait(_next_morning(today, time_zone, hours), WAITS_FOR_WORKING_DAY)
    clock_time = wall_time(now_ms, time_zone)
    if hours.quiet is None or not is_quiet(clock_time, hours.quiet):
        return None
    if clock_time < hours.morning:
        return Wait(at_local(today, hours.morning, time_zone), WAITS_FOR_QUIET_HOURS)
    return Wait(_next_morning(today, time_zone, hours), WAITS_FOR_QUIET_HOURS)


def next_mail_ms(now_ms: int, time_zone: str, hours: Hours) -> int:
    """The morning of the recipient's next working day."""
    return _next_morning(local_day(now_ms, time_zone), time_zone, hours)


def _next_morning(day: date, time_zone: str, hours: Hours) -> int:
    return at_local(hours.working.on_or_after(day + timedelta(days=1)), hours.morning, time_zone)
