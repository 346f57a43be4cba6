"""People of a policy, by what others call them: logins, accounts, and names in commits."""

import re

from ccstate.authority import Approval, Authority
from ccstate.desired.policy import PolicyForm

_EMAIL = re.compile(r"<([^<>\s]+)>\s*$")
# Addresses that stand for a login in commits made on the code host. Source: docs.github.com, "Setting your
# commit email address"; docs.gitlab.com, "Use an automatically generated private commit email".
_NO_REPLY = re.compile(r"<(?:[0-9]+[+-])?([^<>@\s]+)@users\.noreply\.[^<>@\s]+>\s*$")


def by_login(form: PolicyForm, login: str) -> str:
    """Find the person with a login on the code host; "" where there is none."""
    wanted = login.lower()
    return next((name for name in form.people if wanted == form.login(name).lower()), "")


def by_account(form: PolicyForm, user: str, host: str) -> str:
    """Find the person with an account on a machine; "" where there is none."""
    known = {user.lower(), f"{user}@{host}".lower()}
    return next((name for name in form.people if form.account(name).lower() in known), "")


def by_words(form: PolicyForm, words: str) -> str:
    """Find the person that a commit or a trailer names, as "name <email>", address or name."""
    match = _EMAIL.search(words)
    wanted = (match[1] if match else words).strip().lower()
    return next(
        (
            name
            for name, one in form.people.items()
            if wanted in map(str.lower, one.emails) or (match is None and wanted == name)
        ),
        "",
    )


def approver(form: PolicyForm, approval: Approval) -> str:
    """Find the person who approved; "" where the policy does not know them."""
    find = by_login if approval.source == "review" else by_words
    return find(form, approval.by)


def authors(form: PolicyForm, authority: Authority) -> frozenset[str]:
    """Find the people who proposed or wrote the change."""
    said = (authority.author, *authority.authors)
    found = {by_words(form, one) if "<" in one else by_login(form, one) for one in said if one}
    logins = (match[1] for one in said if (match := _NO_REPLY.search(one)))
    return frozenset({*found, *(by_login(form, login) for login in logins)} - {""})


def in_charge(form: PolicyForm, authority: Authority) -> frozenset[str]:
    """Find the people whose word an emergency is, as far as that is proved.

    A login is the code host's word, an account that of the machine, a signature that of the key;
    an author in a commit is whatever the author wrote there, and counts for nothing. One who applies
    what others call an emergency does not declare it by that.
    """
    if authority.declared_by:
        if authority.run:
            found = {by_login(form, authority.declared_by)}
        else:
            found = {by_account(form, authority.declared_by, authority.host)}
    else:
        found = {authority.signed_by} & form.people.keys()
        if authority.author and "<" not in authority.author:
            found.add(by_login(form, authority.author))
    return frozenset(found - {""})
