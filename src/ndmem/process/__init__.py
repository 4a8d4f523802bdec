"""What the operating system says about memory."""
