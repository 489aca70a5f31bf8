"""What the dashboard asks of others: the public HTTP API of notify, each time with the reader's own token."""
