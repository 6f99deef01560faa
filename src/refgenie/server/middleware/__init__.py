"""What is done with every request, as plain ASGI so that bodies stream through untouched."""
