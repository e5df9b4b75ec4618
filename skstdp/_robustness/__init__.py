"""What a user asks about an attack: examples, scores, reports."""
