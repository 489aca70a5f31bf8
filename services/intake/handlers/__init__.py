"""What intake does, one file per noun: load, decide (in `domain`), save. Stores are small Protocols declared here."""
