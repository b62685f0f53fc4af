"""What a person said, and what happens: read, admitted, decided, ordered, answered."""
