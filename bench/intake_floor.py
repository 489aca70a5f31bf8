"""The floor of `bench.intake`: parse the same body, one durable insert, one acknowledged publish. Nothing else."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import orjson
import uvicorn
from fastapi import FastAPI, Request
from nats.js.api import StreamConfig
from starlette.responses import Response

from services.intake.domain.submission import ReportInput
from shared.http.server import run
from shared.store.documents import Collection, Documents
from shared.store.open import open_store

REPORTS = Collection("reports")


def application() -> FastAPI:
    held: dict[str, Documents] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        connection = await nats.connect(os.environ["TIENDO_NATS_URL"])
        app.state.stream = connection.jetstream()
        await app.state.stream.add_stream(StreamConfig(name="FLOOR", subjects=["floor.>"]))
        held["store"] = await open_store(os.environ["TIENDO_STORE_URL"], database="floor", collections=[REPORTS])
        yield
        await held["store"].aclose()
        await connection.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/readyz")
    async def readyz() -> Response:
        return Response(b"{}")

    @app.post("/v1/reports")
    async def post(request: Request) -> Response:
        body = await request.body()
        report = ReportInput.model_validate_json(body)
        id = f"report-{report.unit}-{report.period}-{uuid.uuid4().hex}"
        await held["store"].insert("reports", {"_id": id, "report": orjson.loads(body)})
        await app.state.stream.publish("floor.report", body, headers={"Nats-Msg-Id": id})
        return Response(orjson.dumps({"report_id": id}), status_code=201, media_type="application/json")

    return app


def main() -> None:
    config = uvicorn.Config(
        application(),
        host="127.0.0.1",
        port=int(os.environ["TIENDO_PORT"]),
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
    )
    run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
