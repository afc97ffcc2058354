"""Verdicts -> what people read: the terminal's summary, grades.csv, students' feedback pages."""
