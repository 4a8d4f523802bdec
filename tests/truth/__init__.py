"""Truth: small programs whose memory is known by hand, and an oracle that shares nothing with ndmem."""
