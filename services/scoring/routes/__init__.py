"""HTTP edge of scoring: parse, call one handler, answer."""
