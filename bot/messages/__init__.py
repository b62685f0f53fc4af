"""What people read: the catalogue of sentences, words on jobs, buttons, alerts to the admins."""
