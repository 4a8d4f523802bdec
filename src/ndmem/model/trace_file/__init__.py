"""A trace as a file: `layout` names its members, `writing` and `reading` do it, `checks` refuses contradictions."""
