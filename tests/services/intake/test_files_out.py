"""Templates that round-trip, exports that can be imported, evidence that is kept, batches answered at once."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.intake.formats.injection import guarded, unguarded
from services.intake.formats.template_sheet import FIRST_ROW, PLACE
from tests.services.intake.files import SOUND, csv_of, filled, imported, repacked, send, stored
from tests.services.intake.running import Running, running
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

TEMPLATE = "/v1/templates/SMALL/MONTHLY/U1/2011-M03.xlsx"
PDF = {"Content-Type": "application/pdf"}


def place(name: str, row: int) -> str:
    return f"{'ABCDEFGHIJKLMNO'[PLACE[name]]}{FIRST_ROW + row}"


FILLED: dict[str, str | float] = {
    place("numerator", 0): 40,
    place("denominator", 0): 50,
    place("numerator", 1): 1.5,
    place("denominator", 1): 2.5,
    place("value", 2): 3,
}


async def template(intake: Running, path: str = TEMPLATE, **more: Any) -> bytes:
    answer = await intake.call("GET", path, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


async def test_a_filled_template_is_the_report_that_json_would_have_been(intake: Running) -> None:
    job = await imported(intake, filled(await template(intake), FILLED), format="xlsx")
    assert job["summary"]["outcome"] == "ACCEPTED", job
    assert (await intake.post(monthly())).status_code == 200
    assert job["summary"]["results"][0]["line"] == FIRST_ROW


async def test_a_template_shows_labels_units_of_measure_and_last_period(intake: Running) -> None:
    intake.at("2011-05-01T09:00:00+07:00")
    await intake.post(monthly())
    for language, heads in (("vi", ["Chỉ tiêu", "Đơn vị tính"]), ("en", ["Indicator", "Unit of measure"])):
        path = TEMPLATE.replace("M03", "M04")
        book = await template(intake, path, headers={"Accept-Language": language})
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
        assert sheet[FIRST_ROW - 2][2:4] == heads
        row = sheet[FIRST_ROW - 1]
        assert (row[1], row[3], row[PLACE["previous_numerator"]], row[PLACE["numerator"]]) == ("MAIL", "%", 40.0, "")


async def test_only_cells_to_fill_in_are_unlocked(intake: Running) -> None:
    held: dict[str, bytes] = {}
    repacked(await template(intake), held.setdefault)
    sheet = held["xl/worksheets/sheet1.xml"].decode()
    assert "<sheetProtection" in sheet
    assert sheet.count('<dataValidation type="list"') >= 6
    assert b'state="veryHidden"' in held["xl/workbook.xml"]


async def test_a_template_of_a_standing_report_amends_it(intake: Running) -> None:
    await intake.post(monthly())
    standing = await template(intake)
    same = await imported(intake, standing, format="xlsx")
    assert same["summary"]["reports"]["unchanged"] == 1, "what stands was filled in"
    changed = await imported(intake, filled(standing, {place("value", 2): 9}), format="xlsx")
    assert changed["summary"]["results"][0]["version"] == 2
    late = await imported(intake, filled(standing, {place("value", 2): 8}), format="xlsx")
    assert late["summary"]["conflicts"][0]["code"] == "VERSION_MOVED"


@pytest.mark.parametrize("path", ["/v1/reports.csv", "/v1/reports.xlsx", TEMPLATE])
async def test_an_estimate_goes_out_and_comes_in_with_every_file(intake: Running, path: str) -> None:
    body = monthly()
    body["values"][2]["estimated"] = True
    assert (await intake.post(body)).status_code == 201
    file = (await intake.call("GET", path)).content
    job = await imported(intake, file, format="csv" if path.endswith("csv") else "xlsx")
    assert job["summary"]["reports"]["unchanged"] == 1, job
    if path == TEMPLATE:
        job = await imported(intake, filled(file, {place("status", 2): "Có số liệu"}), format="xlsx")
        assert job["summary"]["reports"]["created"] == 1, job
        state = (await intake.entry())["report"]["state"]
        assert [value.get("estimated") for value in state["values"]] == [None, None, None]


async def test_status_reason_explanation_and_nil_by_template(intake: Running) -> None:
    cells = {**FILLED, place("numerator", 0): 60.0, place("status", 2): "Không áp dụng", place("reason", 2): "Không có"}
    del cells[place("value", 2)]
    held = filled(await template(intake), {**cells, place("denominator", 0): 80, place("reason", 3): "Có người mới"})
    job = await imported(intake, held, format="xlsx")
    assert job["summary"]["reports"]["created"] == 1, job
    state = (await intake.entry())["report"]["state"]
    assert state["values"][2]["status"] == "not_applicable"
    assert state["findings"][0]["explanation"] == "Có người mới"
    intake.at("2011-05-01T09:00:00+07:00")
    nil = filled(await template(intake, TEMPLATE.replace("M03", "M04")), {place("reason", 6): "Không phát sinh"})
    await imported(intake, nil, format="xlsx")
    assert (await intake.entry(period="2011-M04"))["report"]["state"]["nil"] is True


@pytest.mark.parametrize(
    ("cells", "code"),
    [({place("indicator", 0): "CALLS"}, "TEMPLATE_ROWS_MOVED"), ({}, "EMPTY_FILE")],
)
async def test_a_template_that_was_moved_about_is_refused(
    intake: Running, cells: dict[str, str | float], code: str
) -> None:
    job = await imported(intake, filled(await template(intake), cells), format="xlsx")
    assert job["fault"]["code"] == code


async def test_a_template_made_to_be_of_another_unit_is_refused(intake: Running) -> None:
    def change(name: str, content: bytes) -> bytes:
        return content.replace(b"<t>U1</t>", b"<t>U2</t>")

    job = await imported(intake, repacked(filled(await template(intake), FILLED), change), format="xlsx")
    assert job["fault"]["code"] == "TEMPLATE_CHANGED"


async def test_there_is_no_template_of_what_is_not_owed(intake: Running) -> None:
    assert (await intake.call("GET", TEMPLATE.replace("U1", "NOBODY"))).status_code == 404
    assert (await intake.call("GET", TEMPLATE.replace("M03", "M13"))).status_code == 422


# --- exports


async def dangerous(intake: Running) -> None:
    body = monthly()
    reason = '=HYPERLINK("http://x")'
    body["values"][2] = {"indicator": "CALLS", "status": "not_applicable", "reason": reason}
    assert (await intake.post(body)).status_code == 201


async def test_an_export_runs_nothing_and_can_be_imported(intake: Running) -> None:
    await dangerous(intake)
    answer = await intake.call("GET", "/v1/reports.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["indicator"] for row in rows] == ["MAIL", "DOCS", "CALLS"]
    assert rows[2]["reason"] == '\'=HYPERLINK("http://x")'
    assert not any(cell[:1] in "=+-@\t\r" for row in rows for cell in row.values() if cell)
    job = await imported(intake, answer.content)
    assert job["summary"]["reports"] == {"created": 0, "unchanged": 1, "rejected": 0, "refused": 0, "withheld": 0}, job


async def test_a_workbook_export_holds_text_as_text(intake: Running) -> None:
    await dangerous(intake)
    answer = await intake.call("GET", "/v1/reports.xlsx?unit=U1")
    held: dict[str, bytes] = {}
    repacked(answer.content, held.setdefault)
    assert b"<f>" not in held["xl/worksheets/sheet1.xml"]
    assert b'quotePrefix="1"' in held["xl/styles.xml"]
    job = await imported(intake, answer.content, format="xlsx")
    assert job["summary"]["reports"]["unchanged"] == 1, job


async def test_exports_hold_what_was_asked_for(intake: Running) -> None:
    await intake.post(monthly())
    key = (await intake.call("POST", "/v1/keys", json={"unit": "U2", "label": "k"})).json()["key"]
    mine = await intake.call("GET", "/v1/reports.csv", bearer=key)
    assert len(mine.content.splitlines()) == 1
    assert (await intake.call("GET", "/v1/reports.csv?unit=U1", bearer=key)).status_code == 403
    assert len((await intake.call("GET", "/v1/reports.csv?phase=RETURNED")).content.splitlines()) == 1


@given(st.text(alphabet="'=+-@\t\rabc ", max_size=8))
def test_a_guard_is_taken_off_exactly(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in set("=+-@\t\r") or not text


# --- evidence


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, evidence_dir=tmp_path / "evidence", at="2012-01-10T09:00:00+07:00") as service:
        await service.publish()
        for unit in ("U1", "U2"):
            await service.put_unit(unit)
        yield service


def annual(sha256: str | None) -> dict[str, Any]:
    evidence = {"kind": "file", "reference": "scan.pdf", "sha256": sha256}
    staff = {"indicator": "STAFF", "numerator": 1, "denominator": 2, "evidence": evidence}
    return {"plan": "SMALL", "form": "ANNUAL", "unit": "U1", "period": "2011", "values": [staff]}


async def test_evidence_is_kept_once_and_given_back_as_it_was(keeping: Running, tmp_path: Path) -> None:
    body = b"%PDF-1.7 " + b"0" * 1000
    sha256 = hashlib.sha256(body).hexdigest()
    name = "../../etc/\u202epasswd\r\nX: y.pdf"
    answer = await keeping.call("POST", "/v1/evidence", params={"unit": "U1", "name": name}, content=body, headers=PDF)
    assert answer.status_code == 201, answer.text
    assert answer.json()["sha256"] == sha256
    assert answer.json()["name"] == "passwdX y.pdf"
    again = await keeping.call("POST", "/v1/evidence?unit=U1", content=body, headers=PDF)
    assert (again.status_code, again.json()["name"]) == (200, "passwdX y.pdf")
    assert [path.name for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == [sha256]
    given = await keeping.call("GET", answer.headers["location"])
    assert (given.content, given.headers["content-type"]) == (body, "application/pdf")
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.headers["x-content-type-options"] == "nosniff"


async def test_evidence_of_another_unit_is_not_shown(keeping: Running) -> None:
    keys = {
        unit: (await keeping.call("POST", "/v1/keys", json={"unit": unit, "label": "k"})).json()["key"]
        for unit in ("U1", "U2")
    }
    body = b"%PDF-1.7"
    answer = await keeping.call("POST", "/v1/evidence", bearer=keys["U1"], content=body, headers=PDF)
    assert answer.json()["unit"] == "U1"
    where = answer.headers["location"]
    assert (await keeping.call("GET", where, bearer=keys["U2"])).status_code == 404
    assert (await keeping.call("GET", where, bearer=keys["U1"])).status_code == 200
    elsewhere = await keeping.call("POST", "/v1/evidence?unit=U1", bearer=keys["U2"], content=body, headers=PDF)
    assert elsewhere.status_code == 403
    assert (await keeping.call("POST", "/v1/evidence", content=body, headers=PDF)).status_code == 422


async def test_a_value_may_only_name_a_file_that_its_unit_uploaded(keeping: Running) -> None:
    body = b"%PDF-1.7 for U2"
    sha256 = hashlib.sha256(body).hexdigest()
    await keeping.call("POST", "/v1/evidence?unit=U2", content=body, headers=PDF)
    for named in (sha256, None):
        answer = await keeping.post(annual(named))
        assert answer.status_code == 422
        assert answer.json()["conflicts"][0]["code"] == "EVIDENCE_UNKNOWN"
    await keeping.call("POST", "/v1/evidence?unit=U1", content=body, headers=PDF)
    assert (await keeping.post(annual(sha256))).status_code == 201


async def test_where_no_files_are_kept_none_are_taken(intake: Running) -> None:
    answer = await intake.call("POST", "/v1/evidence?unit=U1", content=b"%PDF-1.7", headers=PDF)
    assert answer.status_code == 409


# --- batches, and dry runs of whole files


def ndjson(*reports: dict[str, Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, reports))


async def test_a_batch_answers_for_each_line(intake: Running) -> None:
    two = monthly("U2")
    two["values"].append({"indicator": "LAWS", "value": 1})
    wrong = monthly(period="2011-M02", used=60)
    body = ndjson(monthly(), wrong, two, {"plan": "SMALL"}, monthly(calls=4))
    whole = (await intake.call("POST", "/v1/reports/batch", content=body)).json()
    assert (whole["status"], whole["outcome"]) == ("ERROR", "REJECTED"), "ATOMIC: all or none"
    assert [result["result"] for result in whole["results"]] == [
        *("withheld", "rejected", "withheld", "refused", "refused")
    ]
    assert (await intake.entry())["report"] is None
    each = {"per": "report"}
    answer = await intake.call("POST", "/v1/reports/batch", content=body, params=each)
    assert answer.status_code == 200, answer.text
    results = {result["line"]: result["result"] for result in answer.json()["results"]}
    assert results == {1: "created", 2: "rejected", 3: "created", 4: "refused", 5: "refused"}
    assert answer.json()["outcome"] == "PARTIALLY_ACCEPTED_WITH_ERRORS"
    lines = await intake.call(
        "POST", "/v1/reports/batch", content=body, params=each, headers={"Accept": "application/x-ndjson"}
    )
    assert [orjson.loads(line)["line"] for line in lines.content.splitlines()] == [1, 2, 3, 4, 5]
    amended = ndjson({**monthly(calls=4), "replaces": 1})
    once = {"Idempotency-Key": "a"}
    first = await intake.call("POST", "/v1/reports/batch", content=amended, headers=once)
    again = await intake.call("POST", "/v1/reports/batch", content=amended, headers=once)
    assert first.json()["results"][0]["version"] == 2
    assert (again.headers["idempotency-replay"], again.content) == ("true", first.content)


async def test_a_batch_of_another_unit_is_refused(intake: Running) -> None:
    key = (await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "k"})).json()["key"]
    answer = await intake.call("POST", "/v1/reports/batch", content=ndjson(monthly(), monthly("U2")), bearer=key)
    assert (answer.status_code, answer.json()["line"]) == (403, 2)
    assert (await intake.entry())["report"] is None


CELL = st.sampled_from(["0", "3", "40", "50", "60", "-1", "1.5", "x", "", "nil"])
LINE = st.builds(
    lambda unit, period, code, value, part, whole, file: (
        f"SMALL,{'ANNUAL,' + unit + ',2011' if code == 'STAFF' else 'MONTHLY,' + unit + ',' + period},{code},"
        f"{value},{part},{whole},,,{'file,a.pdf,' + file * 64 if file else ',,'}"
    ),
    *(st.sampled_from(["U1", "U2", "NOBODY"]), st.sampled_from(["2011-M02", "2011-M03", "2011-M13"])),
    st.sampled_from(["MAIL", "DOCS", "CALLS", "STAFF", "NOPE"]),
    *(CELL, CELL, CELL, st.sampled_from(["", "", "a", "b"])),
)
SOUND_LINES = [
    [f"{line.replace('U1', unit).replace('2011-M03', period)},,," for line in SOUND]
    for unit in ("U1", "U2")
    for period in ("2011-M02", "2011-M03")
]
FILE = st.tuples(
    st.lists(st.sampled_from(SOUND_LINES), max_size=4, unique_by=str),
    st.lists(LINE, max_size=6),
    st.sampled_from([{"mode": "ATOMIC"}, {"mode": "ATOMIC", "per": "report"}, {"mode": "PARTIAL"}]),
    st.randoms(use_true_random=False),
)
EVIDENCE_HEADER = (
    "plan,form,unit,period,indicator,value,numerator,denominator,status,reason,"
    "evidence_kind,evidence_reference,evidence_sha256"
)


def told(summary: dict[str, Any]) -> dict[str, Any]:
    """What a dry run and the real run must agree on: all but what only a stored report has."""
    results = [{**result, "receipt": None} for result in summary["results"]]
    return {**summary, "dry_run": None, "trace_id": None, "results": results}


async def rehearsed(folder: Path, files: list[tuple[Any, ...]]) -> None:
    async with running(folder, at="2012-01-10T09:00:00+07:00") as intake:
        await intake.publish()
        for unit in ("U1", "U2"):
            await intake.put_unit(unit)
        for reports, more, mode, order in files:
            lines = [line for report in reports for line in report] + more
            order.shuffle(lines)
            body = csv_of(*lines, header=EVIDENCE_HEADER)
            before = await stored(intake)
            dry = await imported(intake, body, params={**mode, "dry_run": "true"})
            assert await stored(intake) == before
            real = await imported(intake, body, params=mode)
            assert dry["fault"] == real["fault"]
            assert told(dry["summary"]) == told(real["summary"]), body.decode()


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(FILE, min_size=1, max_size=2))
def test_a_dry_run_of_a_file_tells_what_the_real_run_does(files: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(rehearsed(Path(folder), files))


REPORT = st.builds(
    lambda unit, period, used, calls: monthly(unit, period, used=used, calls=calls),
    *(st.sampled_from(["U1", "U2"]), st.sampled_from(["2011-M02", "2011-M03", "2011-M04"])),
    *(st.integers(0, 60), st.sampled_from([0, 3, 3.5])),
)


BATCH = st.tuples(st.lists(REPORT, min_size=1, max_size=6), st.sampled_from(["file", "report"]))


async def rehearsed_batches(folder: Path, batches: list[tuple[list[dict[str, Any]], str]]) -> None:
    async with running(folder, at="2012-01-10T09:00:00+07:00") as intake:
        await intake.publish()
        for unit in ("U1", "U2"):
            await intake.put_unit(unit)
        for reports, per in batches:
            answers = [
                await intake.call(
                    "POST", "/v1/reports/batch", content=ndjson(*reports), params={"dry_run": dry, "per": per}
                )
                for dry in ("true", "false")
            ]
            dry, real = (told(answer.json()) for answer in answers)
            assert dry == real


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(BATCH, min_size=1, max_size=4))
def test_a_dry_run_of_a_batch_tells_what_the_real_run_does(batches: list[tuple[list[dict[str, Any]], str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(rehearsed_batches(Path(folder), batches))


async def test_waiting_imports_hold_the_barrier(intake: Running) -> None:
    await send(intake, csv_of(*SOUND))
    await intake.intake.imports.run.due(intake.clock.now_ms())
    assert (await intake.http.get("/internal/settled")).json()["dirty"] >= 1
    await intake.intake.imports.run.finish()
