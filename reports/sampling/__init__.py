"""Samples for auditors: items of a population, chosen so that anybody can choose them again."""
