"""Tables that people open in a spreadsheet: CSV and XLSX, in which text stays text."""
