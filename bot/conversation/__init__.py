"""Handles what a person said: reads, admits, decides, orders, answers."""
