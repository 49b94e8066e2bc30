"""What every task shares: the event, the batch, the log line, the errors. Imports nothing of ours but itself."""
