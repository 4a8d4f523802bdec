"""A command whose last words are a program and its arguments."""

import click


class ProgramCommand(click.Command):
    """A command whose options end where the program begins: at the script, or after the value of ``-m`` or ``-c``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:  # click's signature
        """Read the options up to the program; everything after it is the program's."""
        taking = {
            name
            for param in self.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            program = args[at][:2] in ("-m", "-c")
            at += 2 if args[at] in taking else 1
            if program and at <= len(args):
                args = [*args[:at], "--", *args[at:]]
                break
        return super().parse_args(ctx, args)
