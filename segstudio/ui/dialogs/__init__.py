"""Dialogs beside the main path; none blocks."""
