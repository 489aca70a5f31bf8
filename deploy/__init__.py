"""How the platform is started, fed with a sample, and shipped."""
