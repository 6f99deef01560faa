"""Everything between two machines: clients, pull, stage, remotes, push."""
