"""A task that runs outside of Lambda: as a service of ECS on Fargate, or wherever its team lets it run."""
