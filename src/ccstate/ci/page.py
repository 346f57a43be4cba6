"""The page of a plan, from the plan, the policy's verdict on it, and the trees that it changes."""

from collections.abc import Sequence
from datetime import date

from ccstate.ci.pictures import ChangedTree, ChangedWall, changed_trees, changed_walls
from ccstate.ci.word import approvers
from ccstate.plan_file import digest
from ccstate.project import Planned, Project
from ccstate.project.planning import compared
from ccstate.project.policy import Judged
from ccstate.render.comment import Answer
from ccstate.render.page import WALLS, Page, Tree, Wall, page
from ccstate.render.policy import JudgedPlan, opening_words


def page_of(
    answer: Answer,
    trees: Sequence[ChangedTree],
    walls: Sequence[ChangedWall],
    opening: str = "",
) -> str:
    """Write the page of an answer, its trees and walls; `opening` says until when it may be applied."""
    plan = answer.plan
    return page(
        Page(
            answer=answer,
            digest=digest(plan) if plan and plan.steps else "",
            trees=[Tree(tree.title, tree.before, tree.after) for tree in trees],
            walls=[Wall(wall.title, *wall.drawn) for wall in walls[:WALLS]],
            more_walls=[wall.title for wall in walls[WALLS:]],
            opening=opening,
        )
    )


def planned_page(project: Project, planned: Planned, judged: Judged, today: date) -> str:
    """Write the page of a plan that was made outside of any code host, as its commit says who asked."""
    plan, verdict = planned.plan, judged.verdict
    answer = Answer(
        author=judged.authority.author,
        request=judged.authority.request,
        plan=plan,
        approvers=approvers(verdict),
        blocked=(*verdict.blocked, *verdict.frozen),
        overruled=verdict.overruled,
        forbidden=bool(verdict.refused),
    )
    trees, walls = [], []
    if plan.steps:
        comparison = compared(plan, planned.shares, project.load(), today)
        trees, walls = changed_trees(comparison), changed_walls(comparison)
    return page_of(answer, trees, walls, opening_words(JudgedPlan(verdict, judged.policy)))
