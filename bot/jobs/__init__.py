"""The life of a job: submitted, collected, delivered, and reconciled with what fal says."""
