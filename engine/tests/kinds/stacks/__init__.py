"""One app with every kind of subscriber and of event."""
