"""Examinations: what must hold for every right function, network or model, found out from its outputs alone."""
