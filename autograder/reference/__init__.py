"""The formulas: float64, by TensorFlow Probability where it can. Knows nothing of grading."""
