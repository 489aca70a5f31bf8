"""The HTTP edge: parse, call one handler, answer."""
