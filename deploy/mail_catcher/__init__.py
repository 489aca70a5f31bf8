"""A local mail server that delivers nothing: it keeps every message on disk and shows it in a browser.

`store` keeps, `smtp` takes, `web` shows. For a developer's machine and for demonstrations; loopback only.
"""
