"""The HTTP edge of intake, one file per noun: parse, call one handler, answer."""
