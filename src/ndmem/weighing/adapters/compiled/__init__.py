"""Libraries whose objects have memory in C or C++ without a buffer that Python can view."""
