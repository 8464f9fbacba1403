"""Register maps: the user's files that say what stands in which Modbus register."""
