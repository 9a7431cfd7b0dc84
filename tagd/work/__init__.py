"""What the workers of every queue share.

queue_worker    claims under leases, waking and stopping from other threads
retry           what becomes of a photo that failed (pure)
stage_times     where the time goes; progress: how far the work is
"""
