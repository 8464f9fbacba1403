"""What a screen needs of a running twin: frames out, commands in."""
