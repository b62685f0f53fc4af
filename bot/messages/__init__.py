"""The texts that people read: the catalogue of sentences, texts on jobs, buttons, alerts to the admins."""
