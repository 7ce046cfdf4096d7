"""Floor 0: values and rules. Pure: no file, no network, no clock; schemas and code lists come in as data."""
