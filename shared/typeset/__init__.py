"""Documents and charts from typst templates: PDF for people who print, PNG for mail, SVG for pages."""
