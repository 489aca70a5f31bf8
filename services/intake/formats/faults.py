"""What is wrong with a whole file: nothing of it is stored."""

from __future__ import annotations

from typing import Any

from shared.errors import Permanent
from shared.events.base import Names


class FileFault(Permanent):
    """A file that cannot be taken: a stable code, where (line, from 1; 0 is the whole file), what, and how to mend."""

    def __init__(self, code: str, message: Names, hint: Names, *, line: int = 0, got: str = "") -> None:
        super().__init__(f"{code}: {message.en}")
        self.code = code
        self.message = message
        self.hint = hint
        self.line = line
        self.got = got[:100]

    def document(self) -> dict[str, Any]:
        """As JSON values: how it leaves the child process and is kept with the job."""
        return {
            "code": self.code,
            "message": self.message.model_dump(),
            "hint": self.hint.model_dump(),
            "line": self.line,
            "got": self.got,
        }

    @classmethod
    def of(cls, held: dict[str, Any]) -> FileFault:
        """The fault that `document` describes."""
        message, hint = Names.model_validate(held["message"]), Names.model_validate(held["hint"])
        return cls(held["code"], message, hint, line=held["line"], got=held["got"])
