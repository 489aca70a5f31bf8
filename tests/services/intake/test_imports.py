"""Imports as jobs: what a file says is stored as if it had been sent report by report."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.intake.domain.imports import ATTEMPTS_MAX, LEASE_MS
from services.intake.repository.imports import Imports
from tests.services.intake.files import HEADER, SOUND, book_of, csv_of, ended, imported, send, stored
from tests.services.intake.running import Running, running, token
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio


async def key_of(intake: Running, unit: str) -> str:
    answer = await intake.call("POST", "/v1/keys", json={"unit": unit, "label": "test"})
    return str(answer.json()["key"])


async def test_a_csv_becomes_the_report_that_json_would_have_been(intake: Running) -> None:
    job = await imported(intake, csv_of(*SOUND))
    assert (job["phase"], job["summary"]["status"], job["summary"]["outcome"]) == ("DONE", "SUCCESS", "ACCEPTED")
    assert job["progress"] == {"rows_done": 3, "rows_total": 3}
    assert job["summary"]["reports"] == {"created": 1, "unchanged": 0, "rejected": 0, "refused": 0, "withheld": 0}
    again = await intake.post(monthly())
    assert again.status_code == 200, "the same content by JSON writes nothing"
    result = job["summary"]["results"][0]
    assert again.json()["receipt"] == result["receipt"]
    assert (result["line"], result["version"], result["report_id"]) == (2, 1, "report-SMALL-MONTHLY-U1-2011-M03")


async def test_rows_of_a_report_need_not_be_adjacent(intake: Running) -> None:
    other = [line.replace("U1", "U2") for line in SOUND] + ["SMALL,MONTHLY,U2,2011-M03,LAWS,1,,,,"]
    mixed = [other[0], SOUND[0], other[1], other[3], SOUND[2], SOUND[1], other[2]]
    job = await imported(intake, csv_of(*mixed))
    assert job["summary"]["reports"]["created"] == 2
    assert len((await intake.entry(unit="U2"))["report"]["state"]["values"]) == 4


async def test_vietnamese_headers_semicolons_and_decimal_commas(intake: Running) -> None:
    header = "Kế hoạch;Biểu mẫu;Đơn vị;Kỳ báo cáo;Chỉ tiêu;Giá trị;Tử số;Mẫu số;Trạng thái;Lý do"
    lines = [
        "SMALL;MONTHLY;U1;2011-M03;MAIL;;40;50;;",
        "SMALL;MONTHLY;U1;2011-M03;DOCS;;1,5;2,5;Ước tính;",
        "SMALL;MONTHLY;U1;2011-M03;CALLS;;;;Không áp dụng;Không có cuộc gọi",
    ]
    body = csv_of(*lines, header=header).decode()
    job = await imported(intake, b"\xff\xfe" + body.encode("utf-16-le"))
    assert job["summary"]["outcome"] == "ACCEPTED", job
    values = {value["indicator"]: value for value in (await intake.entry())["report"]["state"]["values"]}
    assert (values["DOCS"]["numerator"], values["CALLS"]["status"]) == (1.5, "not_applicable")
    assert (values["DOCS"]["status"], values["DOCS"]["estimated"]) == ("reported", True)


async def test_a_nil_return_and_explanations_have_rows_of_their_own(intake: Running) -> None:
    intake.at("2011-04-01T09:00:00+07:00")
    nil = "SMALL,MONTHLY,U1,2011-M04,,,,,nil,Không phát sinh"
    far = [SOUND[0].replace("40,50", "40,80"), *SOUND[1:], "SMALL,MONTHLY,U1,2011-M03,V08,,,,giải trình,Có người mới"]
    job = await imported(intake, csv_of(nil, *far))
    assert job["summary"]["reports"]["created"] == 2, job
    assert (await intake.entry(period="2011-M04"))["report"]["state"]["nil"] is True
    finding = (await intake.entry())["report"]["state"]["findings"][0]
    assert (finding["code"], finding["explanation"]) == ("V08", "Có người mới")


async def test_partial_keeps_sound_values_and_names_the_lines_of_the_others(intake: Running) -> None:
    lines = [SOUND[0].replace("40,50", "60,50"), SOUND[1], SOUND[2].replace(",3,", ",three,")]
    job = await imported(intake, csv_of(*lines), params={"mode": "PARTIAL"})
    summary = job["summary"]
    assert (summary["status"], summary["outcome"]) == ("WARNING", "ACCEPTED_WITH_ERRORS")
    assert summary["rejected_indexes"] == [2, 4]
    assert {conflict["code"]: conflict["indexes"] for conflict in summary["conflicts"]} == {
        "V02": [2],
        "NUMBER_UNREADABLE": [4],
        "V13": [],
    }, "V13: the row that could not be read is missing"
    assert summary["counts"] == {
        **{"received": 3, "valid": 1, "created": 1},
        **{"updated": 0, "unchanged": 0, "rejected": 2},
    }


def broken_file() -> bytes:
    """One sound report, one with a row that cannot be read and a value that breaks a rule, one of nobody."""
    broken = [
        "SMALL,MONTHLY,U2,2011-M03,MAIL,,60,50,,",
        "SMALL,MONTHLY,U2,2011-M03,DOCS,,1.5,2.5,,",
        "SMALL,MONTHLY,U2,2011-M03,CALLS,x,,,,",
    ]
    return csv_of(*SOUND, *broken, "SMALL,MONTHLY,NOBODY,2011-M03,CALLS,1,,,,")


async def test_atomic_writes_nothing_of_a_file_in_which_one_report_is_at_fault(intake: Running) -> None:
    before = await stored(intake)
    job = await imported(intake, broken_file())
    summary = job["summary"]
    assert (job["phase"], summary["status"], summary["outcome"]) == ("DONE", "ERROR", "REJECTED")
    assert summary["reports"] == {"created": 0, "unchanged": 0, "rejected": 0, "refused": 2, "withheld": 1}
    assert summary["counts"]["rejected"] == summary["counts"]["received"] == 7
    [sound] = [result for result in summary["results"] if result["unit"] == "U1"]
    assert (sound["result"], sound["version"], sound["receipt"]) == ("withheld", None, None)
    assert await stored(intake) == before
    mended = broken_file().replace(b"60,50", b"40,50").replace(b",CALLS,x", b",CALLS,3").replace(b"NOBODY", b"U2")
    again = await imported(intake, mended.replace(b"U2,2011-M03,CALLS,1", b"U2,2011-M03,LAWS,1"))
    assert again["summary"]["reports"]["created"] == 2, again
    assert again["progress"] == {"rows_done": 7, "rows_total": 7}


async def test_atomic_per_report_keeps_other_reports_of_the_file(intake: Running) -> None:
    job = await imported(intake, broken_file(), params={"per": "report"})
    assert job["summary"]["outcome"] == "PARTIALLY_ACCEPTED_WITH_ERRORS"
    assert job["summary"]["reports"] == {"created": 1, "unchanged": 0, "rejected": 0, "refused": 2, "withheld": 0}
    assert (await intake.entry(unit="U2"))["report"] is None


async def test_all_faults_of_a_report_are_told_at_once_with_their_indicators(intake: Running) -> None:
    """Also beside a cell that cannot be read; that its value is missing is not told again."""
    job = await imported(intake, broken_file())
    found = [(c["code"], c["objects"].get("indicator"), c["indexes"]) for c in job["summary"]["conflicts"]]
    assert found == [
        ("NUMBER_UNREADABLE", "CALLS", [7]),
        ("V02", "MAIL", [5]),
        ("V13", "LAWS", []),
        ("NOT_FOUND", None, [8]),
    ]


async def test_a_report_that_others_make_impossible_after_the_check_is_told_by_itself(tmp_path: Path) -> None:
    """And the import that was checked goes on writing after a crash: it is never left half done."""
    async with running(tmp_path) as service:
        await service.publish()
        for unit in ("U1", "U2"):
            await service.put_unit(unit, peer_group="A")
        two = [line.replace("U1", "U2") for line in SOUND]
        answer = await send(service, csv_of(*SOUND, *two))
        jobs = Imports(service.store)
        [waiting] = await jobs.due("QUEUED", now_ms=service.clock.now_ms())
        claimed = waiting.claimed(owner="dead", now_ms=service.clock.now_ms())
        assert await jobs.replace(claimed.passed()), "the instance died when its rehearsal had found nothing"
        await service.post(monthly(calls=9))
        service.clock.advance(LEASE_MS)
        summary = (await ended(service, answer))["summary"]
        assert summary["outcome"] == "PARTIALLY_ACCEPTED_WITH_ERRORS"
        assert summary["reports"] == {"created": 1, "unchanged": 0, "rejected": 0, "refused": 1, "withheld": 0}
        assert [conflict["code"] for conflict in summary["conflicts"]] == ["VERSION_MOVED"]


async def test_a_rehearsal_that_was_interrupted_begins_again(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.publish()
        await service.put_unit("U1")
        answer = await send(service, csv_of(*SOUND, "SMALL,MONTHLY,NOBODY,2011-M03,CALLS,1,,,,"))
        jobs = Imports(service.store)
        [waiting] = await jobs.due("QUEUED", now_ms=service.clock.now_ms())
        claimed = waiting.claimed(owner="dead", now_ms=service.clock.now_ms()).cut([4], now_ms=0)
        assert await jobs.replace(claimed.advanced(claimed.tally, rows=4, now_ms=service.clock.now_ms()))
        service.clock.advance(LEASE_MS)
        job = await ended(service, answer)
        assert job["summary"]["reports"] == {"created": 0, "unchanged": 0, "rejected": 0, "refused": 1, "withheld": 1}
        assert (await service.entry())["report"] is None


async def test_a_correction_names_the_version_that_it_replaces(intake: Running) -> None:
    await imported(intake, csv_of(*SOUND))
    changed = [SOUND[0].replace("40,50", "41,50"), *SOUND[1:]]
    refused = await imported(intake, csv_of(*changed))
    [conflict] = refused["summary"]["conflicts"]
    assert (conflict["code"], conflict["pointer"], conflict["expected"]) == ("VERSION_MOVED", "/replaces", "1")
    assert "If-Match" not in conflict["message"], "a file has no headers"
    amended = await imported(intake, csv_of(*(f"{line},1" for line in changed), header=f"{HEADER},replaces"))
    assert amended["summary"]["results"][0]["version"] == 2
    unclear = [f"{line},{number}" for number, line in enumerate(changed, start=1)]
    job = await imported(intake, csv_of(*unclear, header=f"{HEADER},replaces"))
    assert job["summary"]["conflicts"][0]["code"] == "VERSION_UNCLEAR"


async def test_a_unit_key_may_send_rows_of_its_own_unit_only(intake: Running) -> None:
    key = await key_of(intake, "U1")
    mine = await ended(intake, await send(intake, csv_of(*SOUND), bearer=key))
    assert mine["phase"] == "DONE"
    theirs = SOUND[0].replace("U1", "U2")
    job = await ended(intake, await send(intake, csv_of(*SOUND, theirs), bearer=key))
    assert (job["phase"], job["fault"]["code"], job["fault"]["line"]) == ("FAILED", "FORBIDDEN_ROW", 5)
    other = await key_of(intake, "U2")
    assert (await intake.call("GET", f"/v1/imports/{job['id']}", bearer=other)).status_code == 403
    assert (await intake.call("GET", f"/v1/imports/{job['id']}", bearer=key)).status_code == 200
    reader = token("reader", roles=["inspector"])
    assert (await send(intake, csv_of(*SOUND), bearer=reader)).status_code == 403


async def test_an_idempotency_key_stands_for_one_import(intake: Running, tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "monday"}
    first = await send(intake, csv_of(*SOUND), headers=headers)
    again = await send(intake, csv_of(*SOUND), headers=headers)
    assert (again.status_code, again.headers["idempotency-replay"]) == (202, "true")
    assert again.headers["location"] == first.headers["location"]
    other = await send(intake, csv_of(*SOUND[:2]), headers=headers)
    assert other.status_code == 422
    job = await ended(intake, first)
    assert job["summary"]["reports"]["created"] == 1
    assert list((tmp_path / "imports").iterdir()) == [], "nothing stays on disk"


async def test_reports_are_judged_as_received_when_the_file_was(intake: Running) -> None:
    intake.at("2011-04-01T09:00:00+07:00")
    answer = await send(intake, csv_of(*SOUND))
    intake.at("2011-06-01T09:00:00+07:00")
    await ended(intake, answer)
    entry = await intake.entry()
    assert (entry["timeliness"], entry["report"]["state"]["received_at_ms"]) == (
        "ON_TIME",
        1_301_623_200_000,
    )
    assert entry["changed_at_ms"] == intake.clock.now_ms()


async def test_periods_of_a_unit_are_taken_in_their_order(intake: Running) -> None:
    """A copied report is one that equals the period before, also when the later one stands first in the file."""
    intake.at("2011-05-01T09:00:00+07:00")
    later = [line.replace("M03", "M04") for line in SOUND]
    job = await imported(intake, csv_of(*later, *SOUND))
    assert job["summary"]["reports"]["created"] == 2
    assert [(found["code"], found["objects"]["period"]) for found in job["summary"]["conflicts"]] == [
        ("V10", "2011-M04")
    ]


async def test_a_crash_in_the_middle_creates_nothing_twice(tmp_path: Path) -> None:
    """Another instance goes on when the lease has ended; what was stored answers unchanged."""
    async with running(tmp_path) as first:
        await first.publish()
        for unit in ("U1", "U2"):
            await first.put_unit(unit)
        two = [line.replace("U1", "U2") for line in SOUND]
        answer = await send(first, csv_of(*SOUND, *two))
        jobs = first.intake.imports.run
        others = Imports(first.store)
        waiting = (await others.due("QUEUED", now_ms=first.clock.now_ms()))[0]
        assert await others.replace(waiting.claimed(owner="dead", now_ms=first.clock.now_ms()))
        assert (await first.post(monthly())).status_code == 201, "what the dead instance had stored"
        await jobs.due(first.clock.now_ms())
        assert jobs.busy == 0, "the lease is respected"
        first.clock.advance(LEASE_MS)
        job = await ended(first, answer)
        assert job["summary"]["reports"] == {"created": 1, "unchanged": 1, "rejected": 0, "refused": 0, "withheld": 0}
        assert (await first.entry())["report"]["state"]["version"] == 1


async def test_a_stop_gives_the_lease_back(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.publish()
        await service.put_unit("U1")
        answer = await send(service, csv_of(*SOUND))
        jobs = service.intake.imports.run
        await jobs.due(service.clock.now_ms())
        assert jobs.busy == 1
        await jobs.stop()
        assert (await service.get(answer.headers["location"]))["phase"] == "RUNNING"
        assert (await ended(service, answer))["summary"]["reports"]["created"] == 1


async def test_a_lost_file_ends_its_job(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.publish()
        answer = await send(service, csv_of(*SOUND))
        for path in (tmp_path / "imports").iterdir():
            await asyncio.to_thread(path.unlink)
        service.clock.advance(3_600_000)
        job = await ended(service, answer)
        assert (job["phase"], job["fault"]["code"]) == ("FAILED", "FILE_LOST")


async def test_a_file_at_which_the_process_dies_each_time_is_given_up(intake: Running) -> None:
    answer = await send(intake, csv_of(*SOUND))
    others = Imports(intake.store)
    for _ in range(ATTEMPTS_MAX):
        waiting = (await others.due("QUEUED", now_ms=intake.clock.now_ms())) or (
            await others.due("RUNNING", now_ms=intake.clock.now_ms())
        )
        assert await others.replace(waiting[0].claimed(owner="dead", now_ms=intake.clock.now_ms()))
        intake.clock.advance(LEASE_MS)
    job = await ended(intake, answer)
    assert (job["phase"], job["fault"]["code"]) == ("FAILED", "GIVEN_UP")


async def test_finished_jobs_are_forgotten_after_a_month(intake: Running) -> None:
    job = await imported(intake, csv_of(*SOUND))
    intake.clock.advance(30 * 24 * 3_600_000)
    await intake.intake.imports.run.due(intake.clock.now_ms())
    assert (await intake.call("GET", f"/v1/imports/{job['id']}")).status_code == 404


async def test_a_workbook_in_the_long_format(intake: Running) -> None:
    rows: list[list[Any]] = [
        ["plan", "form", "unit", "period", "indicator", "value", "numerator", "denominator"],
        ["SMALL", "MONTHLY", "U1", "2011-M03", "MAIL", None, 40, 50],
        ["SMALL", "MONTHLY", "U1", "2011-M03", "DOCS", None, 1.5, 2.5],
        ["SMALL", "MONTHLY", "U1", "2011-M03", "CALLS", "=1+2"],
    ]
    job = await imported(intake, book_of(rows), format="xlsx", params={"mode": "PARTIAL"})
    assert job["summary"]["outcome"] == "ACCEPTED", job
    calls = (await intake.entry())["report"]["state"]["values"][2]
    assert calls["value"] == 0, "of a formula the saved result"


async def test_what_is_no_report_is_told_in_vietnamese_too(intake: Running) -> None:
    job = await imported(intake, csv_of(*SOUND, "SMALL,MONTHLY,U1,2011-M03,,,,,nil,Không phát sinh"))
    vi = await intake.get(f"/v1/imports/{job['id']}", headers={"Accept-Language": "vi"})
    assert job["summary"]["conflicts"][0]["message"].startswith("a nil report has no values")
    assert vi["summary"]["conflicts"][0]["message"].startswith("Báo cáo không phát sinh thì không có số liệu")


async def test_faults_are_told_in_the_language_of_the_question(intake: Running) -> None:
    job = await imported(intake, b"a,b\n1,2\n")
    vi = await intake.get(f"/v1/imports/{job['id']}", headers={"Accept-Language": "vi"})
    assert job["fault"]["message"] == "The column is not known: a"
    assert vi["fault"]["message"] == "Cột không có trong quy định: a"
