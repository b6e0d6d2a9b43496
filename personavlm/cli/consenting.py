"""``consent``: what a user agrees to, shown and changed; in a conversation the same can simply be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from personavlm.cli.options import DEFAULT_HOME, Home, Json, User, open_user
from personavlm.terminal import Output


def consent(
    user: User,
    home: Home = DEFAULT_HOME,
    profile: Annotated[bool | None, typer.Option("--profile/--no-profile", help="May traits be inferred?")] = None,
    bar: Annotated[
        list[str] | None,
        typer.Option(
            "--bar", help="Keep nothing on health, religion, politics, love life, money, a word, or everything."
        ),
    ] = None,
    allow: Annotated[list[str] | None, typer.Option("--allow", help="Take a bar back.")] = None,
    as_json: Json = False,
) -> None:
    """Show or change what may be inferred and remembered of a user from now on."""
    from personavlm.consent import Request, after
    from personavlm.trace import plain

    with open_user(home, user) as store:
        agreed = store.consent()
        requests = [Request("bar", topic) for topic in bar or ()] + [Request("allow", topic) for topic in allow or ()]
        for request in requests:
            agreed = after(agreed, request)
        agreed = replace(agreed, profile=agreed.profile if profile is None else profile)
        if agreed != store.consent():
            store.set_consent(agreed)
    told = (
        f"traits may {'' if agreed.profile else 'not '}be inferred; not kept: {', '.join(agreed.topics) or 'nothing'}"
    )
    Output(as_json).show({"consent": plain(agreed)}, told)
