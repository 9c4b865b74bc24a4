"""Faults at random, in a whole tickfire on a Redis Cluster, and clients that count what arrives."""
