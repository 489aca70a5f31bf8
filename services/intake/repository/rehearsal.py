"""What a dry run of a whole file would have written, laid over the store: nothing of it leaves these objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.intake.domain.decide import Decision
from services.intake.domain.entry import Entry
from services.intake.domain.evidence import Use, to_note
from services.intake.repository.evidence import EvidenceUses
from services.intake.repository.ledger import Ledger


class RehearsedLedger:
    """The ledger as the reports rehearsed so far would have left it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held: dict[str, Entry] = {}

    async def get_many(self, ids: Sequence[str]) -> list[Entry]:
        missing = [id for id in ids if id not in self._held]
        found = {entry.id: entry for entry in (await self._ledger.get_many(missing) if missing else [])}
        found |= {id: self._held[id] for id in ids if id in self._held}
        return [found[id] for id in ids if id in found]

    def put(self, entry: Entry) -> None:
        self._held[entry.id] = entry

    def forget(self, id: str) -> None:
        """Nobody will ask for its values again; who uses which file is still asked."""
        entry = self._held.pop(id)
        if entry.report is None:
            return
        state = entry.report.state
        files = tuple(value for value in state.values if value.evidence is not None and value.evidence.sha256)
        if files:
            report = entry.report.model_copy(update={"state": state.model_copy(update={"values": files})})
            self._held[id] = replace(entry, report=report)


class RehearsedEvidence:
    """Who gave which file first, as the reports rehearsed so far would have left it."""

    def __init__(self, evidence: EvidenceUses) -> None:
        self._evidence = evidence
        self._uses: dict[tuple[str, str], Use] = {}

    async def of(self, plan: str, files: Iterable[str]) -> list[Use]:
        named = list(files)
        fresh = [file for file in named if (plan, file) not in self._uses]
        if fresh:
            self._uses |= {(plan, use.file): use for use in await self._evidence.of(plan, fresh)}
        return [self._uses[plan, file] for file in named if (plan, file) in self._uses]

    def put(self, decision: Decision) -> None:
        plan = decision.entry.obligation.plan
        files = [value.evidence.sha256 for value in decision.content.values if value.evidence]
        named = [file for file in files if file]
        known = [self._uses[plan, file] for file in named if (plan, file) in self._uses]
        self._uses |= {(plan, use.file): use for use in to_note(named, known, decision.entry)}


class Rehearsed:
    """Both, and what a decision leaves behind in them."""

    def __init__(self, ledger: Ledger, evidence: EvidenceUses) -> None:
        self.ledger = RehearsedLedger(ledger)
        self.evidence = RehearsedEvidence(evidence)

    def remember(self, decision: Decision) -> None:
        """The decision was taken: later reports of the file see it."""
        self.ledger.put(decision.entry)
        if decision.result == "created":
            self.evidence.put(decision)

    def forget(self, ids: Iterable[str]) -> None:
        """The last report that is held against these entries was decided on."""
        for id in ids:
            self.ledger.forget(id)
