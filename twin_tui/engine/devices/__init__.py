"""The device types that come with the package."""
