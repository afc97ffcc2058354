"""Verdicts -> what people read: the summary in the terminal, grades.csv, and a feedback page for
each student.
"""
