"""Files of intake: bytes in, rows out, and back. Pure but for the file that is read: no store, no HTTP, no clock.

`columns`, `numbers` and `records` say what a row means whatever it came in; `csv_rows`, `xlsx_rows` and `ndjson_rows`
read each format in bounded memory; `spool` cuts what was read into parts; `reading` is the child process that does
all of that with bounds on its memory and processor time. `template`, `exports` and `injection` write; `packages` and
`sniff` look at what a stranger's file really is.
"""
