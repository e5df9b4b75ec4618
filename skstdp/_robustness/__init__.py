"""Attacks on classifiers for their users: threat models, examples, scores, reports."""
