"""Plant faults in a sample of lines and say which of them no test notices."""
