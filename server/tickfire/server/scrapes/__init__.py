"""Metrics of all workers of a server in one scrape.

Each worker sends the command a `snapshot` of its metrics, every few seconds and whenever they are
scraped; `totals` adds them up, with those of workers that have ended. `collector` is the command's
side of it, `worker` that of a worker.
"""
