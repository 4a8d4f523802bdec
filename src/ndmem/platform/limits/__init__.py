"""Memory limits: control groups, batch systems, resource limits, RAM; and the kernel's OOM killer."""
