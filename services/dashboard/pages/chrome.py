"""What surrounds every page: navigation, choice of plan, year, language and theme, and the watermark. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashboard.domain.facts import Setting
from services.dashboard.domain.freshness import Freshness
from services.dashboard.pages.address import Address
from services.dashboard.pages.catalogue import N_
from services.dashboard.pages.words import Words

PAGES = (
    ("/", N_("Overview")),
    ("/alerts", N_("Alerts")),
    ("/inspections", N_("Inspections")),
    ("/digests", N_("Digests")),
    ("/deliveries", N_("Deliveries")),
    ("/pipeline", N_("Pipeline")),
)
OTHER = {"vi": ("en", "English"), "en": ("vi", "Tiếng Việt")}
THEMES = {"": N_("Theme: system"), "light": N_("Theme: light"), "dark": N_("Theme: dark")}
NEXT_THEME = {"": "dark", "dark": "light", "light": ""}


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    address: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Watermark:
    """As of when the page is complete. `stale` is shown in red and said in words."""

    text: str
    short: str
    machine: str
    stale: bool
    live: bool


@dataclass(frozen=True, slots=True)
class Chrome:
    """The frame of a page. `sees_all`: the reader is not limited to one unit."""

    sees_all: bool
    language: str
    theme: str
    theme_text: str
    theme_address: str
    other_language: Link
    other_code: str
    navigation: tuple[Link, ...]
    plan: str
    plans: tuple[Link, ...]
    year: str
    years: tuple[Link, ...]
    watermark: Watermark
    signed_in_as: str
    address: Address


def compose(setting: Setting, *, theme: str, subject: str, sees_all: bool, words: Words, address: Address) -> Chrome:
    """The frame of the page at `address`, for who is signed in as `subject`."""
    other, other_name = OTHER[words.language]
    choice = setting.choice
    years: tuple[Link, ...] = ()
    plans: tuple[Link, ...] = ()
    if choice is not None:
        years = tuple(Link(str(y), address.to(year=y, cursor=None), y == choice.year) for y in choice.years)
        plans = tuple(
            Link(
                words.name(s.names),
                address.to(plan=s.plan, year=None, peer=None, cursor=None),
                s.plan == choice.state.plan,
            )
            for s in choice.plans
        )
    return Chrome(
        sees_all=sees_all,
        language=words.language,
        theme=theme,
        theme_text=words.say(THEMES[theme]),
        theme_address=address.to(theme=NEXT_THEME[theme] or "system"),
        other_language=Link(other_name, address.to(lang=other)),
        other_code=other,
        navigation=tuple(Link(words.say(text), address.to(path), _is_part(address.path, path)) for path, text in PAGES),
        plan=words.name(choice.plan.names) if choice else "",
        plans=plans if len(plans) > 1 else (),
        year=str(choice.year) if choice else "",
        years=years,
        watermark=watermark(setting.freshness, words),
        signed_in_as=subject,
        address=address,
    )


def _is_part(path: str, page: str) -> bool:
    """Whether the address is the page of the navigation or one below it."""
    return path == page or (page != "/" and path.startswith(f"{page}/"))


def watermark(fresh: Freshness, words: Words) -> Watermark:
    """`as of <time> · event N · x s behind`; says so when events do not arrive."""
    events = words.number(fresh.events, 0)
    text = words.say(
        "as of {time} · event {n} · {age} behind",
        time=words.clock(fresh.as_of_ms),
        n=events,
        age=words.age(fresh.behind_seconds),
    )
    if not fresh.connected:
        text = words.say("events are not arriving · ") + text
    return Watermark(
        text=text,
        short=words.say("as of {time}", time=words.moment(fresh.as_of_ms)),
        machine=words.machine(fresh.as_of_ms),
        stale=fresh.stale,
        live=fresh.connected and not fresh.stale,
    )
