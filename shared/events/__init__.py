"""The events that services exchange: the envelope, one file of frozen models per noun, and the catalogue. Pure."""
