"""Stopping rules compared on whole runs of training."""
