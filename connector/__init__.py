"""KNTC Connector: carries an agency's petition records to the National Database and statuses back."""

__version__ = "0.1.0"
