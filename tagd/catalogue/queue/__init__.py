"""Durable jobs.

jobs        the queue: priority, leases, back-off and quarantine
deaths      jobs that a process died with
in_queue    how far the queue is
"""
