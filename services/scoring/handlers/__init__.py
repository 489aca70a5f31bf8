"""What scoring does: keep inputs, recompute evaluations, answer questions. Load, decide, save."""
