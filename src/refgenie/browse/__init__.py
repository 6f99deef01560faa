"""What people ask of a registry while they look round: pages of lists, search, totals, descent.

The web pages and the assistants' tools share it. Every answer takes a bounded number of statements,
however much the registry holds.
"""
