"""Lists of units: read whole or refused with line and column."""

from __future__ import annotations

from datetime import date

import pytest

from shared.plan.units import UnitErrors, UnitInput, read_units

HEADER = "code,name_vi,name_en,kind,peer_group,valid_from,valid_to,successor,headcount,contact_report_officer"
ROW = "VP,Văn phòng Bộ,Ministry Office,VU,VU,2007-12-25,,,40,a@units.example b@units.example"


def faults(text: str) -> list[str]:
    with pytest.raises(UnitErrors) as caught:
        read_units(text)
    return [str(fault) for fault in caught.value.faults]


def test_a_row_becomes_a_unit() -> None:
    (unit,) = read_units(f"{HEADER}\n{ROW}\n")
    assert unit == UnitInput.model_validate(
        {
            "code": "VP",
            "names": {"vi": "Văn phòng Bộ", "en": "Ministry Office"},
            "kind": "VU",
            "peer_group": "VU",
            "valid_from": date(2007, 12, 25),
            "headcount": 40,
            "contacts": [
                {"role": "report_officer", "email": "a@units.example"},
                {"role": "report_officer", "email": "b@units.example"},
            ],
        }
    )
    assert unit.contacts[0].contact().email == "a@units.example"


def test_spreadsheets_may_put_a_mark_semicolons_and_remarks() -> None:
    text = "\ufeff# our units\r\n" + f"{HEADER}\r\n{ROW}\r\n\r\n".replace(",", ";")
    assert [unit.code for unit in read_units(text)] == ["VP"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("VP,", "vp,", "line 2, column code: 'vp' is not a code (use capitals, digits, `_`, `.`, `-`)"),
        ("2007-12-25", "25/12/2007", "line 2, column valid_from: '25/12/2007' is not a date (write it as 2011-01-31)"),
        ("40", "forty", "line 2, column headcount: input should be a valid integer"),
        ("40", "-1", "line 2, column headcount: input should be greater than or equal to 0"),
        ("a@units.example b@", "a@units.example, b@", "line 2, column -: the line has 11 cells, the header 10"),
        (" b@units", " b_units", "line 2, column contact_report_officer: not an e-mail address"),
        (",,,40", ",2006-01-01,,40", "line 2, column -: valid_to is before valid_from"),
        (",,,40", ",,VX,40", "line 2, column -: a unit with a successor needs valid_to, its last day"),
        (",,,40", ",2011-01-01,VP,40", "line 2, column -: a unit is neither its own parent nor its own successor"),
        ("Ministry Office", "", "line 2, column name_en: the cell is empty"),
        ("headcount", "headcuont", "line 1, column headcuont: the column is unknown (did you mean `headcount`?)"),
        ("contact_report_officer", "contact_Head", "line 1, column contact_Head: a role has lower-case letters"),
        ("headcount", "code", "line 1, column code: the column is there twice"),
        ("kind,", "", "line 1, column kind: the column is missing"),
        (ROW, f"{ROW}\n\n{ROW}", "line 4, column code: `VP` is listed twice"),
    ],
)
def test_a_fault_names_line_and_column(old: str, new: str, said: str) -> None:
    assert faults(f"{HEADER}\n{ROW}\n".replace(old, new))[0].startswith(said)


def test_all_faults_are_told_at_once() -> None:
    said = faults(f"{HEADER}\n{ROW.replace('40', 'x')}\n{ROW.replace('VP,', 'v,')}\n")
    assert [text.split(":")[0] for text in said] == ["line 2, column headcount", "line 3, column code"]


def test_an_unknown_zone_and_an_empty_file_are_refused() -> None:
    assert "unknown time zone 'Hanoi'" in faults(f"{HEADER},time_zone\n{ROW},Hanoi\n")[0]
    assert "the column is missing" in faults("")[0]


def test_the_size_is_bounded() -> None:
    assert "larger than" in faults("x" * (16 * 1024 * 1024 + 1))[0]
