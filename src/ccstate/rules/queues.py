"""Rules about queues: whether anybody can answer, and whether the target can be met."""

from collections import Counter
from collections.abc import Collection, Iterator

from ccstate.desired.findings import did_you_mean, repr_
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.speech import spoken_seconds
from ccstate.journeys.staffing import Agent, Lack, agents, is_staffed
from ccstate.kinds.fields import seconds
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule

MOST_LACKS = 3
"""What keeps members from answering is told in so many parts, the most frequent first."""


def _skills(estate: Estate) -> Collection[str]:
    users = estate.of("user").values()
    return {skill for user in users for skill in user.get("skills") or ()}


def _nobody_answers(estate: Estate) -> Iterator[Found]:
    skills = _skills(estate)
    for name, queue in estate.of("queue").items():
        # A skill that nobody has is told by a rule of its own, once.
        needed = [skill for skill in queue.get("skills") or () if skill in skills]
        judged = {**queue, "skills": needed}
        if not is_staffed(estate.centre, judged):
            yield Found(
                Address("queue", name),
                ("members",) if "members" in queue else (),
                f"nobody can answer queue/{name}",
                f"{_why(estate, judged)}: callers wait there until they give up or are sent on.",
                "add a member who can, or give the members what they lack",
            )


def _why(estate: Estate, queue: Filled) -> str:
    if not (members := queue["members"]):
        return "It has no members"
    everybody = list(agents(estate.centre, queue))
    if not everybody:
        teams = ", ".join(f"team/{member['team']}" for member in members)
        return f"Nobody belongs to {teams}"
    lacks: Counter[str] = Counter()
    for agent in everybody:
        lacks.update(_lacks(estate, agent, queue))
    parts = lacks.most_common(MOST_LACKS)
    if len(everybody) == 1:
        return f"Its only member lacks {' and '.join(what for what, _ in parts)}"
    return ", ".join(
        f"{count} of {len(everybody)} members lack{'s' if count == 1 else ''} {what}"
        for what, count in parts
    )


def _lacks(estate: Estate, agent: Agent, queue: Filled) -> list[str]:
    if agent.lack is Lack.SKILLS:
        skills = estate.of("user").get(agent.user, {}).get("skills") or {}
        return [f"the skill {repr_(skill)}" for skill in queue["skills"] if skill not in skills]
    return ["an extension" if agent.lack is Lack.EXTENSION else "a device"]


def _skill_nobody_has(estate: Estate) -> Iterator[Found]:
    skills = _skills(estate)
    known = sorted(skills)
    for name, queue in estate.of("queue").items():
        for place, skill in enumerate(queue.get("skills") or ()):
            if skill not in skills:
                yield Found(
                    Address("queue", name),
                    ("skills", place),
                    f"nobody has the skill {repr_(skill)}",
                    f"queue/{name} asks for it, so no person in it can be sent a call.",
                    did_you_mean(skill, known) or "give the skill to users, or take it out here",
                )


def _target_missed(estate: Estate) -> Iterator[Found]:
    for name, queue in estate.of("queue").items():
        if target := queue.get("service_level"):
            address = Address("queue", name)
            if within := seconds(target["within"]):
                yield from _too_late(estate, address, queue, within)
            else:
                yield Found(
                    address,
                    ("service_level", "within"),
                    f"{address} promises an answer within 0s",
                    "No phone can be picked up before it rings, so every call misses the target.",
                    "give the time in which callers are to be answered, such as 20s",
                )
            if target["percent"] == 100:
                yield Found(
                    address,
                    ("service_level", "percent"),
                    f"{address} promises 100 percent",
                    "One caller who hangs up breaks the promise for the day, "
                    "and nobody looks at a figure that is always red.",
                    "aim at a share that can be met, such as 95",
                )


def _too_late(estate: Estate, address: Address, queue: Filled, within: int) -> Iterator[Found]:
    target = queue["service_level"]["within"]
    after = (queue.get("overflow") or {}).get("after")
    if after and seconds(after) < within:
        yield Found(
            address,
            ("overflow", "after"),
            f"callers leave {address} after {after}, before its target of {target}",
            "Whoever is not answered by then is gone, so the target says nothing about the wait.",
            "let callers wait at least as long as the target, or shorten the target",
        )
    declared = "ring_for" in estate.state[address].fields
    if queue["strategy"] != "ring_all" and seconds(queue["ring_for"]) >= within:
        yield Found(
            address,
            ("ring_for",) if declared else ("service_level", "within"),
            f"one phone of {address} rings for {queue['ring_for']}, its target is {target}",
            "Members ring one after another: one who does not pick up has used up the time "
            "before the next one rings.",
            "ring shorter, so that a second member can answer in time, or ring all at once",
        )
    prompt = (queue.get("announcements") or {}).get("welcome")
    if prompt and (spoken := _longest(estate, prompt)) > within:
        yield Found(
            address,
            ("announcements", "welcome"),
            f"the welcome of {address} takes about {spoken}s, its target is {target}",
            "Callers are still listening when they should have been answered.",
            f"shorten prompt/{prompt}, or play it before callers join the queue",
        )


def _longest(estate: Estate, prompt: str) -> int:
    """Seconds of the longest wording; a recording without its text counts as nothing."""
    wordings = estate.of("prompt").get(prompt, {"languages": {}})["languages"].values()
    return max((spoken_seconds(wording.get("text") or "") for wording in wordings), default=0)


RULES: tuple[Rule, ...] = (
    Rule(
        "CC210",
        "queue-nobody-answers",
        Severity.ERROR,
        "A queue has nobody who can answer it",
        _nobody_answers,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC211",
        "skill-nobody-has",
        Severity.ERROR,
        "A queue asks for a skill that no user has",
        _skill_nobody_has,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC214",
        "target-out-of-reach",
        Severity.WARNING,
        "The settings of a queue keep it from meeting its service level",
        _target_missed,
        Reach.JOINED,
    ),
)
