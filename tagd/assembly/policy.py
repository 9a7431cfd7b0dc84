"""What the configuration asks of the policy, as the policy's own values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.hours import hours_of
from tagd.policy.preferences import Cascade, Preferences, Rule, Targets, Use

if TYPE_CHECKING:
    from tagd.config import Config
    from tagd.config.policy import PolicyRule


def preferences_of(config: Config) -> Preferences:
    """Return what the user asked for. The tighter one of the two memory budgets holds."""
    policy = config.policy
    budgets = [each for each in (policy.memory_budget, config.model.memory_budget) if each]
    cascade = Cascade(policy.cascade.models, policy.cascade.settles_at)
    return Preferences(
        model=config.model.name or None,
        rules=tuple(_rule(place, each) for place, each in enumerate(policy.rules, 1)),
        cascade=cascade if cascade.models else None,
        targets=_targets(policy.use, policy.accuracy_target, policy.latency_target_ms),
        memory_budget_mb=min(budgets, default=None),
        backlog=0 if config.retag.refine_when_idle else policy.backlog or None,
    )


def _rule(place: int, rule: PolicyRule) -> Rule:
    return Rule(
        name=f"rule {place} ({rule.name})" if rule.name else f"rule {place}",
        path=rule.path,
        camera=rule.camera,
        type=rule.type,
        min_megapixels=rule.min_megapixels or None,
        max_megapixels=rule.max_megapixels or None,
        hours=hours_of(rule.hours) if rule.hours else None,
        models=rule.models,
        targets=_targets(rule.use, rule.accuracy_target, rule.latency_target_ms),
    )


def _targets(use: str, accuracy: float, latency_ms: float) -> Targets:
    return Targets(Use(use) if use else None, accuracy or None, latency_ms or None)
