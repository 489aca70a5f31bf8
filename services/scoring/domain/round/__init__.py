"""The round of one (plan, year): from the opened calendar to the sealed result, step by step. Pure."""
