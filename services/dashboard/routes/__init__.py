"""HTTP edge of the dashboard: one file per page. Parse, ask one handler, compose, render."""
