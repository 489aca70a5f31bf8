"""What the dashboard does: apply an event to a read model; answer what a page asks."""
