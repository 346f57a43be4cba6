"""Modules that the dialplan needs: each step is known, and what does not run is reported."""

from pathlib import Path

import pytest

from ccstate.adapters.asterisk.audit import MODULES, uses
from ccstate.adapters.asterisk.compiling import compile_uncached
from ccstate.adapters.asterisk.kind import Setting
from ccstate_lab.programs import programs
from tests.adapters.asterisk.test_compile import small
from tests.adapters.asterisk.test_injections import samples

BUILT_IN = {
    *("Answer", "Background", "Goto", "GotoIf", "Hangup", "NoOp", "Set", "Wait", "WaitExten"),
    "FEATURE",
}
"""What Asterisk has without any module: main/pbx_builtins.c, main/features_config.c."""
LOADED_BY_AN_APPLY = {
    *("Queue", "AddQueueMember", "RemoveQueueMember", "PauseQueueMember", "UnpauseQueueMember"),
    *("VoiceMail", "VoiceMailMain", "Park"),
}


@pytest.mark.parametrize("is_test_site", [True, False])
def test_of_every_step_the_modules_are_known(is_test_site: bool) -> None:
    setting = Setting(b"key", is_test_site=is_test_site)
    used = {
        word for found in (small(), samples()) for word in uses(compile_uncached(found, setting))
    }
    assert {"Dial", "Queue", "ConfBridge", "STRFTIME"} <= used
    assert used - set(MODULES) - BUILT_IN - LOADED_BY_AN_APPLY == set()


@pytest.mark.parametrize("release", ["22", "16"])
@pytest.mark.parametrize("word", sorted(MODULES))
def test_a_module_has_what_it_is_needed_for(release: str, word: str) -> None:
    for module in MODULES[word]:
        file: Path = programs(release).modules / f"{module}.so"
        # FEATUREMAP sets a code of this one, and bridge_softmix mixes what ConfBridge() brings in.
        by_nature = {"bridge_builtin_features": b"automixmon", "bridge_softmix": b"softmix"}
        assert by_nature.get(module, word.encode()) in file.read_bytes()
