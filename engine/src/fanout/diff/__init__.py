"""What a deployment would do, in the words of queues: two templates compared."""
