"""The rules of intake as pure functions of values and `now_ms`; decisions carry their reasons."""
