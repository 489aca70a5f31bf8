"""The read models' store: one file per collection. Every document is `{_id, revision, <indexed fields>, state}`."""
