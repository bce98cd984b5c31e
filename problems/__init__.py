"""Instances with known or independently computed answers, one file a family."""
