"""Durable jobs.

jobs        the queue: priority, leases, back-off and quarantine
claims      who is served next
leases      whose claim a job is, and until when
deaths      jobs that a process died with
in_queue    how far the queue is
"""
