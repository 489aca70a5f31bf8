"""What pages say: view models made from facts, in the reader's language. Pure but for reading templates at start."""
