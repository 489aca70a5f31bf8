"""The HTTP edge that all services share.

`app` the factory; `problems` what every error answer looks like; `identity` who asks and what they may; `idempotency`
one effect per key; `limits` bounds in bytes and seconds; `edge` correlation, access log, response headers; `language`
Vietnamese or English; `paging` lists; `api_docs` the API's pages without scripts; `server` the process around it.
"""
