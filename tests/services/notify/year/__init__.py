"""A year of reminders on a virtual clock, compared message by message with a naive oracle."""
