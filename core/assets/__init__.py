"""Publishes files that fal has to fetch, checks them from outside, and fetches files from foreign addresses."""
