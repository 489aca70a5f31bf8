"""The NATS edge hears what the catalogue says that notify consumes, and no more."""

from __future__ import annotations

from services.notify.consumer import SUBJECTS
from services.notify.repository.collections import COLLECTIONS, EMITTING
from shared.events.catalog import CATALOG
from shared.nats.streams import OWNED, owner_of
from shared.store.declared import declare


def test_subjects_are_the_nouns_of_the_catalogue() -> None:
    nouns = {entry.name.partition(".")[0] for entry in CATALOG if "notify" in entry.consumers}
    assert set(SUBJECTS) == {f"tiendo.{noun}.>" for noun in nouns}
    assert all(owner_of(subject, OWNED) for subject in SUBJECTS)


def test_every_noun_that_notify_produces_has_an_emitting_collection() -> None:
    produced = {entry.name.partition(".")[0] for entry in CATALOG if entry.producer == "notify"}
    assert len(EMITTING) == len(produced) == 8


def test_collections_are_declared_well() -> None:
    assert len(declare(COLLECTIONS)) == len(COLLECTIONS)
