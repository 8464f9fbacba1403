"""Akkudoktor-EOS: its plans, its status reports, its server."""
