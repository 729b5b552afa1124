"""The resumable training loop, its checkpoints, devices and small networks."""
