"""What strangers, a bad disk or a crowd do to the app, tried on this machine."""
