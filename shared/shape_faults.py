"""What is wrong with the shape of something sent, in both languages: pydantic's kinds of error put into words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from shared.events.base import Names

SAID: Mapping[str, Names] = {
    "missing": Names(vi="Thiếu trường này", en="This field is missing"),
    "extra_forbidden": Names(vi="Trường này không có trong quy định", en="This field is not known"),
    "json_invalid": Names(vi="Không phải JSON hợp lệ", en="Not valid JSON"),
    "string_type": Names(vi="Phải là chuỗi ký tự", en="Must be a string"),
    "string_pattern_mismatch": Names(vi="Sai khuôn dạng", en="Does not match the pattern"),
    "int_type": Names(vi="Phải là số nguyên", en="Must be a whole number"),
    "int_parsing": Names(vi="Phải là số nguyên", en="Must be a whole number"),
    "float_type": Names(vi="Phải là số", en="Must be a number"),
    "float_parsing": Names(vi="Phải là số", en="Must be a number"),
    "finite_number": Names(vi="Phải là số hữu hạn", en="Must be a finite number"),
    "bool_type": Names(vi="Phải là true hoặc false", en="Must be true or false"),
    "list_type": Names(vi="Phải là danh sách", en="Must be a list"),
    "dict_type": Names(vi="Phải là đối tượng", en="Must be an object"),
    "model_type": Names(vi="Phải là đối tượng", en="Must be an object"),
}
"""By pydantic's kind of error."""

SAID_IN_VIETNAMESE: Mapping[str, str] = {
    "string_too_short": "Chuỗi ký tự quá ngắn",
    "string_too_long": "Chuỗi ký tự quá dài",
    "int_from_float": "Phải là số nguyên",
    "greater_than": "Số quá nhỏ",
    "greater_than_equal": "Số quá nhỏ",
    "less_than": "Số quá lớn",
    "less_than_equal": "Số quá lớn",
    "bool_parsing": "Phải là true hoặc false",
    "literal_error": "Giá trị không có trong danh mục",
    "enum": "Giá trị không có trong danh mục",
    "tuple_type": "Phải là danh sách",
    "too_short": "Quá ít phần tử",
    "too_long": "Quá nhiều phần tử",
    "model_attributes_type": "Phải là đối tượng",
    "date_type": "Phải là ngày, viết như 2011-01-31",
    "date_from_datetime_parsing": "Phải là ngày, viết như 2011-01-31",
    "date_parsing": "Phải là ngày, viết như 2011-01-31",
    "datetime_type": "Phải là thời điểm, viết như 2011-01-31T09:00:00+07:00",
    "datetime_parsing": "Phải là thời điểm, viết như 2011-01-31T09:00:00+07:00",
    "datetime_from_date_parsing": "Phải là thời điểm, viết như 2011-01-31T09:00:00+07:00",
    "timezone_aware": "Thời điểm phải có múi giờ, viết như 2011-01-31T09:00:00+07:00",
}
"""Kinds whose English is said well by pydantic, which knows the bound."""


def incoherent(kind: str, vi: str, en: str) -> PydanticCustomError:
    """What a validator of a model raises when members that are sound alone do not go together."""
    return PydanticCustomError(kind, "{en}", {"vi": vi, "en": en})


def said(fault: Mapping[str, Any]) -> Names:
    """The words for one of `ValidationError.errors()`; pydantic's own English where there are none."""
    told = fault.get("ctx") or {}
    if "vi" in told and "en" in told:
        return Names(vi=str(told["vi"]), en=str(told["en"]))
    kind, message = str(fault["type"]), str(fault["msg"])
    return SAID.get(kind) or Names(vi=SAID_IN_VIETNAMESE.get(kind, message), en=message)
