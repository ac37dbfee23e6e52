"""Carries out the plan for one data set."""
