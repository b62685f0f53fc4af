"""What the program is made of that others wrote: pins, licences, advisories, base images."""
