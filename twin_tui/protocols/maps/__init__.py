"""Register maps: user files that define the contents of Modbus registers."""
