"""The foot of every mail, and the pages that it leads to: preferences, unsubscribe. Words and look only."""

from __future__ import annotations

from services.notify.channels.letters import Letters
from services.notify.domain.links import MailLinks
from services.notify.domain.preferences import KINDS, Preferences


class Foot:
    """What stands under each letter, and what its links show."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def html(self, links: MailLinks, language: str) -> str:
        return self._letters.part("footing.html.j2", language, links=links)

    def text(self, links: MailLinks, language: str) -> str:
        return self._letters.part("footing.txt.j2", language, links=links).strip()

    def preferences(
        self, chosen: Preferences, *, token: str, language: str, saved: bool = False, faults: tuple[str, ...] = ()
    ) -> str:
        """The page on which a recipient manages what they receive."""
        return self._letters.part(
            "mine.html.j2",
            language,
            recipient=chosen.recipient,
            chosen=chosen,
            channels=[target.channel for target in chosen.targets],
            kinds=KINDS,
            token=token,
            saved=saved,
            faults=faults,
        )

    def unsubscribe(
        self, recipient: str, kind: str, *, token: str, preferences_token: str, language: str, done: bool
    ) -> str:
        """The page that asks before, and confirms after, a kind is switched off."""
        return self._letters.part(
            "unsubscribe.html.j2",
            language,
            recipient=recipient,
            kind=kind,
            token=token,
            preferences_token=preferences_token,
            done=done,
        )

    def no_calendar(self, language: str) -> str:
        """For who opens the address of a calendar that is not there, or not any more."""
        return self._letters.part("no_calendar.html.j2", language)

    def expired(self, language: str) -> str:
        return self._letters.part("expired.html.j2", language)
