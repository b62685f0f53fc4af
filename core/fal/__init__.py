"""Speaks fal's protocols: requests, results, downloads, storage, webhooks, bills."""
