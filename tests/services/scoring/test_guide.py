"""The calls of the guide, run as they stand by a shell and curl against the service on a real port.

Only what names the sample (its plan, peer group, pillar) is put in terms of the small plan of these tests, and what
stands in <brackets> is taken from the answers before.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr

from services.scoring.main import Scoring, compose
from services.scoring.settings import Settings
from shared.clock import FixedClock, from_iso
from shared.http.tokens import issue_token
from tests.services.scoring.conftest import Service
from tests.services.scoring.edition_world import events
from tests.services.scoring.world import END_MS
from tests.support.nats_server import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

GUIDE = Path(__file__).parents[3] / "docs" / "api-guide.md"
SECRET = "0123456789abcdef0123456789abcdef"
SAMPLE = {"MIC-ITAPP-2011-2015": "TEST", "peer_group=CUC": "peer_group=A", '"INF"': '"PILLAR"'}
STEPS = (
    "2012-01-03T08:00:00+07:00",
    "2012-01-21T00:00:00+07:00",
    "2012-02-15T17:00:00+07:00",
    "2012-02-20T08:00:00+07:00",
    "2012-03-02T17:00:00+07:00",
)
"""The ends of the guide's windows: after the last, the round is in its final review."""


def commands(heading: str) -> Iterator[str]:
    """The shell commands of a section, one by one."""
    section = GUIDE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    for block in re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL):
        for command in re.split(r"\n(?=curl )", block.strip()):
            yield replaced(command, SAMPLE)


def replaced(text: str, by: Mapping[str, str]) -> str:
    for each, other in by.items():
        text = text.replace(each, other)
    return text


class Reader:
    """Somebody who follows the guide, and the service beside."""

    def __init__(self, scoring: Scoring, clock: FixedClock, address: str) -> None:
        self.service = Service(scoring.store, clock, scoring.handlers, scoring.loop)
        roles = {"TOKEN": "administrator", "ONE": "leader", "OTHER": "leader"}
        self._known = {name: _token(name, role) for name, role in roles.items()} | {"SCORING": address}

    async def run(self, command: str) -> Any:
        """What the command prints, as JSON; fails where the answer is no success."""
        script = f'curl() {{ command curl -sS --fail-with-body "$@"; }}\n{command.replace("curl -i ", "curl ")}'
        process = await asyncio.create_subprocess_exec(
            *("sh", "-eu", "-c", script),
            env={**os.environ, **self._known, "no_proxy": "127.0.0.1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, f"{command}\n{said.decode()}"
        return json.loads(said)

    async def to_final_review(self) -> None:
        work = self.service.handlers.round.run
        for instant in STEPS:
            self.service.clock.set(from_iso(instant))
            await work.due(from_iso(instant))
            await self.service.settle()


def _token(subject: str, role: str) -> str:
    return issue_token(SECRET, subject=subject, roles=[role], expires_at_ms=END_MS + 10**12, now_ms=END_MS)


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    settings = Settings(
        store_url=f"sqlite://{tmp_path}/scoring.sqlite3", token_secret=SecretStr(SECRET), log_level="error", port=0
    )
    clock, port = FixedClock(END_MS), free_port()
    scoring = await compose(settings, clock=clock)
    server = uvicorn.Server(uvicorn.Config(scoring.app, host="127.0.0.1", port=port, log_config=None))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    scoring.analyses.start()
    made = Reader(scoring, clock, f"http://127.0.0.1:{port}")
    await made.service.feed(events())
    await made.service.settle()
    yield made
    server.should_exit = True
    await serving
    await scoring.stop()


async def test_the_guides_calls_of_scoring_do_what_it_says(reader: Reader) -> None:
    told = [await reader.run(command) for command in commands("The round of an evaluation")]
    assert [answer["phase"] for answer in told] == ["DRAFT", "DRAFT"]
    await reader.to_final_review()
    answers: dict[str, Any] = {}
    blanks: dict[str, str] = {}
    for command in commands("Evaluations, explanations, editions, analyses"):
        found = re.search(r'\$SCORING(?:/v1/evaluations/TEST/2011|/v1/editions/TEST/2011/1)?([^"?]*)', command)
        assert found is not None, command
        answers[found[1]] = answer = await reader.run(replaced(command, blanks))
        if found[1] == "/seal/proposal":
            blanks["<digest of the proposal>"] = answer["digest"]
        if found[1] == "/v1/analyses":
            blanks["<id>"] = answer["id"]
            await _done(reader, answer["id"])
    assert set(answers) == {
        *("", "/seal/proposal", "/seal/confirmation", "/publish", "/verify"),
        *("/v1/analyses", "/v1/analyses/<id>/result", "/what-if"),
    }
    assert answers["/seal/confirmation"]["result"] == "sealed"
    assert answers["/verify"]["verdict"] == "right"
    assert len(answers["/v1/analyses/<id>/result"]["items"]) == 5
    assert answers["/what-if"]["units"] == 5


async def _done(reader: Reader, id: str) -> None:
    asked = f'curl -H "Authorization: Bearer $TOKEN" "$SCORING/v1/analyses/{id}"'

    async def done() -> bool:
        return bool((await reader.run(asked))["state"] == "done")

    await until(done)
