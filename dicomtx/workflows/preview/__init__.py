"""Previews: plans, estimates and predictions. Nothing is written."""
