"""Pages for people: one set of templates for the server and the local dashboard."""
