"""Writes the broker's production configuration: `python -m deploy.nats.write_conf --version 2.14.0 --out nats.conf`.

The file holds no secret: passwords are read by the server from its environment (`NATS_PASSWORD_<USER>`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.nats.nats_conf import Production, TlsFiles, nats_conf, platform_access


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write nats.conf for production.")
    parser.add_argument("--version", required=True, help="version of the server, such as 2.14.0")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--store-dir", type=Path, default=Path("/data"))
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104  a container's own network
    parser.add_argument("--port", type=int, default=4222)
    parser.add_argument("--tls", type=Path, help="folder with server.pem, server-key.pem and ca.pem")
    asked = parser.parse_args(arguments)
    major, minor, patch = (int(part) for part in asked.version.split("."))
    tls = asked.tls and TlsFiles(asked.tls / "server.pem", asked.tls / "server-key.pem", asked.tls / "ca.pem")
    production = Production(
        server_name="tiendo",
        host=asked.host,
        port=asked.port,
        store_dir=asked.store_dir,
        tls=tls,
        services=platform_access(),
    )
    asked.out.write_text(nats_conf((major, minor, patch), production), encoding="utf-8")
    print(f"wrote {asked.out}")


if __name__ == "__main__":
    main()
