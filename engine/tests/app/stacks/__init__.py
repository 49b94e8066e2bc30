"""What is deployed: the topic, its subscribers and the settings in which environments differ. No boto3 in this room."""
