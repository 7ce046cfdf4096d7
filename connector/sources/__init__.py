"""Reading the agency's own databases: pages of rows in, nothing ever written."""
