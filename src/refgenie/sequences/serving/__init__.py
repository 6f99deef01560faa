"""What a server needs of the sequence store and of refget: this is where refget's router comes in."""
