"""Libraries of tensors: their storages are in C++, described by address."""
