"""Carries out a plan on one data set."""
