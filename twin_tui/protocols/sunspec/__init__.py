"""SunSpec: register maps made from the model definitions, and the rules of their writable points."""
