"""Helpers of every room: nothing here knows a network."""
