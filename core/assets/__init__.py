"""Files that fal has to fetch: published, checked from outside, and taken in from foreign addresses."""
