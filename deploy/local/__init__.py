"""What `make run` starts: broker, stores, services and mail catcher on loopback, data in `.data/`."""
