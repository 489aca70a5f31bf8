"""Load -> decide -> save, one file per thing that happens or is asked."""
