"""Looking after a tagd that runs, and finding out why one does not.

systemd     tagd as a service of systemd's; notify: what systemd is told
niceness    lower priority than whatever else the machine does
control     how other processes speak with the daemon
access      who may open the pages in the browser; listening: the address at which they are served
pulse       whether every thread makes progress
metrics     what Prometheus is told, and whether all is well; local_http: how, over HTTP
backup      backups of the catalogue, and putting one back
doctor      what `tagd doctor` examines; checks: each of its checks, from plain values
"""
