"""Reports in GitHub-flavoured Markdown, for comments and assistants: short, and safe for any text of a program."""
