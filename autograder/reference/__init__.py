"""The formulas: float64, TensorFlow Probability where it has the quantity. Knows nothing of
notebooks or grading.
"""
