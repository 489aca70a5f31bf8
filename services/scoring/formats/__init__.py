"""Evaluations as files: tables for spreadsheets, sheets and books for print. Pure but for the typesetting."""
