"""What fal is asked and what it answers: requests, results, downloads, storage, webhooks, bills."""
