"""A backup is taken under a running platform, and another platform goes on from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local.backup import MANIFEST, back_up, check, restore
from deploy.local.layout import Layout, Ports
from shared.errors import Permanent
from tests.support.journey import UNITS, Journey, at, report

pytestmark = pytest.mark.anyio

NOW = "2011-02-08T03:00:00+00:00"


def elsewhere(tmp_path: Path) -> Layout:
    return Layout(data=tmp_path / "restored", ports=Ports.free())


@pytest.mark.journey
async def test_another_platform_goes_on_where_the_backup_was_taken(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    async with Journey(tmp_path / "data") as first:
        await first.publish()
        await first.step(at("02-01"))
        intake = first.client("intake")
        receipts = [(await intake.post_report(report(unit, "2011-M01", users=6)))["receipt"] for unit in UNITS[:3]]
        await first.settle()
        before = {unit: await first.score(unit) for unit in UNITS}
        back_up(first.layout, folder, now=NOW)
        # What comes after the backup is not in it.
        await intake.post_report(report(UNITS[3], "2011-M01", users=8))
        await first.settle()
    restore(Layout(data=tmp_path / "again", ports=first.layout.ports), folder)
    async with Journey(tmp_path / "again") as second:
        await second.step(at("02-01"))
        assert {unit: (await second.score(unit))["index"] for unit in UNITS} == {
            unit: before[unit]["index"] for unit in UNITS
        }
        for receipt in receipts:
            answer = await second.client("intake").call("GET", f"/v1/receipts/{receipt['sha256']}")
            assert answer.json()["sha256"] == receipt["sha256"]
        assert (await second.obligation(UNITS[3], "2011-M01"))["outcome"] == "PENDING"
        await second.client("intake").post_report(report(UNITS[3], "2011-M01", users=8))
        await second.settle()
        assert (await second.score(UNITS[3]))["index"] == pytest.approx(0.8)


def platform(tmp_path: Path) -> Layout:
    """Data as a platform leaves it: two stores, a secret, evidence, and an upload that was cut short."""
    layout = Layout(data=tmp_path / "data", ports=Ports.free())
    layout.token_secret()
    layout.write_local(pid=None, sample={"done": True})
    (layout.data / "store").mkdir()
    for service in ("intake", "notify"):
        with closing(sqlite3.connect(layout.data / "store" / f"{service}.sqlite3")) as store:
            store.execute("PRAGMA journal_mode=WAL")
            store.execute("CREATE TABLE held (text)")
            store.execute("INSERT INTO held VALUES (?)", (service,))
            store.commit()
    kept = layout.data / "evidence" / "ab" / ("ab" * 32)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"minutes of a meeting")
    (layout.data / "evidence" / "upload-1").write_bytes(b"minu")
    return layout


def test_what_is_restored_is_what_was_there(tmp_path: Path) -> None:
    layout, folder = platform(tmp_path), tmp_path / "backup"
    paths = {one.path for one in back_up(layout, folder, now=NOW)}
    evidence = f"evidence/ab/{'ab' * 32}"
    stores = {"store/intake.sqlite3", "store/notify.sqlite3"}
    assert paths == {"token_secret", "local.json", evidence, *stores}
    to = elsewhere(tmp_path)
    restore(to, folder)
    assert to.token_secret() == layout.token_secret()
    assert (to.data / "token_secret").stat().st_mode & 0o077 == 0
    assert (to.data / evidence).read_bytes() == b"minutes of a meeting"
    with closing(sqlite3.connect(to.data / "store" / "notify.sqlite3")) as store:
        assert store.execute("SELECT text FROM held").fetchall() == [("notify",)]


def test_a_backup_is_never_written_over_and_nothing_is_left_of_one_that_failed(tmp_path: Path) -> None:
    layout, folder = platform(tmp_path), tmp_path / "backup"
    with pytest.raises(Permanent, match="nothing to back up"):
        back_up(elsewhere(tmp_path), folder, now=NOW)
    path = layout.data / "store" / "notify.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(b"not a database" * 400)
    with pytest.raises(Permanent, match="given up"):
        back_up(layout, folder, now=NOW)
    assert [one.name for one in tmp_path.iterdir()] == ["data"]
    path.write_bytes(whole)
    back_up(layout, folder, now=NOW)
    with pytest.raises(Permanent, match="never written over"):
        back_up(layout, folder, now=NOW)


@pytest.mark.parametrize("harm", ["changed", "missing", "no manifest", "newer"])
def test_a_backup_that_is_not_whole_is_refused_and_names_the_file(harm: str, tmp_path: Path) -> None:
    layout, folder = platform(tmp_path), tmp_path / "backup"
    back_up(layout, folder, now=NOW)
    store, manifest = folder / "store" / "intake.sqlite3", folder / MANIFEST
    told = {"changed": "intake.sqlite3 was changed", "missing": "intake.sqlite3 is missing"}
    told |= {"no manifest": "not a whole backup", "newer": "use a newer Tiendo"}
    if harm == "changed":
        store.write_bytes(store.read_bytes()[:-1] + b"x")
    elif harm == "missing":
        store.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text(manifest.read_text().replace('"store_version": ', '"store_version": 9'))
    to = elsewhere(tmp_path)
    with pytest.raises(Permanent, match=told[harm]):
        check(folder)
    with pytest.raises(Permanent, match=told[harm]):
        restore(to, folder)
    assert not to.data.exists()


def test_data_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    layout, folder = platform(tmp_path), tmp_path / "backup"
    back_up(layout, folder, now=NOW)
    with pytest.raises(Permanent, match="move it away"):
        restore(layout, folder)
