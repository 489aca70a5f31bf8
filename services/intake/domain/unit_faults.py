"""What keeps a step of a unit change from being done, and what would be wrong with the tree afterwards. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from services.intake.domain import tree
from services.intake.domain.unit_steps import AnyStep, Close, Merge, Move, Rename, Reopen, Split
from services.intake.domain.units import day_before
from shared.events.base import Names
from shared.events.unit import UnitState
from shared.refusal import Detail

PAST_KEPT_MAX = 50
"""Former names, parents or intervals that one unit may have."""

_Fault = tuple[str, Names, Names | None]


def step_faults(step: AnyStep, units: Mapping[str, UnitState], today: date) -> list[_Fault]:
    """What keeps the step from being done, each with its place in the step."""
    found: list[_Fault]
    match step:
        case Rename():
            found = _known(units, step.unit, "/unit") or _rename_faults(step, units[step.unit], today)
        case Move():
            found = _known(units, step.unit, "/unit") or (_known(units, step.parent, "/parent") if step.parent else [])
        case Close():
            wrong = _known(units, step.successor, "/successor") if step.successor else []
            found = wrong + (
                _known(units, step.unit, "/unit") or _end_faults(units[step.unit], step.last_day, "/last_day")
            )
        case Reopen():
            found = _known(units, step.unit, "/unit") or _reopen_faults(step, units[step.unit])
        case Merge():
            found = _merge_faults(step, units)
        case Split():
            found = _split_faults(step, units)
        case _:
            found = []
    return found


def _merge_faults(step: Merge, units: Mapping[str, UnitState]) -> list[_Fault]:
    last = step.first_day - timedelta(days=1)
    wrong = _known(units, step.into, "/into") or _open_faults(units[step.into], step.first_day, "/into")
    for place, unit in enumerate(step.units):
        at = f"/units/{place}"
        wrong += _known(units, unit, at) or ([] if unit == step.into else _end_faults(units[unit], last, at))
    return wrong


def _split_faults(step: Split, units: Mapping[str, UnitState]) -> list[_Fault]:
    last = step.first_day - timedelta(days=1)
    wrong = _known(units, step.unit, "/unit")
    if not wrong and not step.continues:
        wrong = _end_faults(units[step.unit], last, "/unit")
    for place, unit in enumerate(step.into):
        at = f"/into/{place}"
        wrong += _known(units, unit, at) or _open_faults(units[unit], step.first_day, at)
    return wrong


def _known(units: Mapping[str, UnitState], unit: str, at: str) -> list[_Fault]:
    if unit in units:
        return []
    hint = Names(vi="Đăng ký bằng bước register đứng trước", en="Register it by a `register` step before this one")
    return [(at, Names(vi=f"Chưa có đơn vị {unit}", en=f"There is no unit {unit}"), hint)]


def _rename_faults(step: Rename, held: UnitState, today: date) -> list[_Fault]:
    since = max([held.valid_from, *(former.last for former in held.former_names)])
    if step.first_day > today:
        says = Names(vi="Tên mới chưa có hiệu lực", en="The new name is not in force yet")
        return [("/first_day", says, Names(vi=f"Ghi từ ngày {step.first_day}", en=f"Record it on {step.first_day}"))]
    if step.names != held.names and day_before(step.first_day) < since:
        says = Names(vi=f"Tên hiện tại có hiệu lực từ {since}", en=f"The present name holds since {since}")
        return [("/first_day", says, Names(vi="Chọn ngày muộn hơn", en="Choose a later day"))]
    return _room(len(held.former_names), "/unit")


def _end_faults(held: UnitState, last: date, at: str) -> list[_Fault]:
    if last.isoformat() < held.valid_from:
        says = Names(vi=f"Đơn vị {held.unit} có từ {held.valid_from}", en=f"{held.unit} exists since {held.valid_from}")
        return [(at, says, Names(vi="Chọn ngày muộn hơn", en="Choose a later day"))]
    if held.valid_to is not None and held.valid_to != last.isoformat():
        says = Names(vi=f"{held.unit} đã kết thúc ngày {held.valid_to}", en=f"{held.unit} ended on {held.valid_to}")
        return [(at, says, Names(vi="Bỏ bước này", en="Leave this step out"))]
    return []


def _reopen_faults(step: Reopen, held: UnitState) -> list[_Fault]:
    if held.valid_to is None:
        says = Names(vi=f"{held.unit} đang hoạt động", en=f"{held.unit} is not closed")
        return [("/unit", says, Names(vi="Bỏ bước này", en="Leave this step out"))]
    if step.first_day.isoformat() <= held.valid_to:
        says = Names(vi=f"{held.unit} còn đến {held.valid_to}", en=f"{held.unit} exists up to {held.valid_to}")
        return [("/first_day", says, Names(vi="Chọn ngày muộn hơn", en="Choose a later day"))]
    return _room(len(held.earlier), "/unit")


def _open_faults(held: UnitState, day: date, at: str) -> list[_Fault]:
    if tree.is_valid(held, day.isoformat()):
        return []
    says = Names(vi=f"{held.unit} không tồn tại ngày {day}", en=f"{held.unit} does not exist on {day}")
    return [(at, says, Names(vi="Kiểm tra hiệu lực của đơn vị", en="Check the unit's validity"))]


def _room(kept: int, at: str) -> list[_Fault]:
    if kept < PAST_KEPT_MAX:
        return []
    says = Names(vi=f"Đã lưu {kept} lần thay đổi", en=f"{kept} changes of this kind are kept already")
    return [(at, says, None)]


def incoherent(units: Mapping[str, UnitState], changed: Mapping[str, UnitState]) -> list[Detail]:
    """Faults of the tree as it would be: unknown or ended parents, unknown successors, circles."""
    parents = {unit: state.parent for unit, state in units.items()}
    faults: list[Detail] = []
    for unit, state in changed.items():
        for named in filter(None, (state.parent, *state.successors)):
            if named not in units:
                says = Names(vi=f"{unit}: chưa có đơn vị {named}", en=f"{unit}: there is no unit {named}")
                faults.append(Detail(f"/units/{unit}", says))
        if circle := tree.cycle_of(parents, unit):
            way = " > ".join(circle)
            says = Names(vi=f"Vòng lặp cấp trên: {way}", en=f"Parents go round in a circle: {way}")
            faults.append(Detail(f"/units/{unit}", says))
    for state in units.values():
        above = units.get(state.parent or "")
        if above is not None and {state.unit, above.unit} & changed.keys() and _outlives(state, above):
            says = Names(
                vi=f"{state.unit} còn hoạt động sau khi cấp trên {above.unit} kết thúc ngày {above.valid_to}",
                en=f"{state.unit} outlives its parent {above.unit}, which ends on {above.valid_to}",
            )
            hint = Names(vi="Chuyển hoặc đóng cấp dưới trong cùng bộ", en="Move or close it in the same set")
            faults.append(Detail(f"/units/{state.unit}", says, hint))
    return faults


def _outlives(state: UnitState, above: UnitState) -> bool:
    return above.valid_to is not None and (state.valid_to is None or state.valid_to > above.valid_to)
