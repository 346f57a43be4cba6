"""Prompts become sound files; spoken by the real espeak-ng, played by a real Asterisk."""

import io
import math
import os
import re
import shutil
import stat
import struct
import subprocess
import wave
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.adapters.asterisk.sounds import (
    Sound,
    audio,
    audit,
    make,
    recording_digests,
    speech,
    wanted,
)
from ccstate.adapters.asterisk.sounds.speech import Speech
from ccstate.errors import InvalidInput
from ccstate.model import Fields, Json
from ccstate_lab.site import Site
from tests.asterisk_sites import NewSite
from tests.examples import scaled
from tests.waiting import until

SECOND = np.sin(np.arange(48_000) * 2 * math.pi * 440 / 48_000).astype("float32") / 2
FORMATS: dict[str, dict[str, Any]] = {
    "x.wav": {"samplerate": 48_000},
    "x.flac": {"samplerate": 48_000},
    "x.mp3": {"samplerate": 48_000},
    "x.ogg": {"samplerate": 48_000},
    "opus.ogg": {"samplerate": 48_000, "format": "OGG", "subtype": "OPUS"},
    "x.gsm": {"samplerate": 8000, "format": "RAW", "subtype": "GSM610"},
    "x.sln16": {"samplerate": 16_000, "format": "RAW", "subtype": "PCM_16", "endian": "LITTLE"},
}


def prompt(**wording: Json) -> Fields:
    return {"languages": {"en-AU": dict(wording)}}


def recorded(folder: Path, name: str, tone: Any = SECOND, **form: Any) -> Mapping[str, Fields]:
    """A project with one prompt, recorded as that file."""
    form = form or FORMATS[name]
    soundfile.write(folder / name, tone[:: 48_000 // form["samplerate"]], **form)
    return {"menu": prompt(audio=name)}


def made(prompts: Mapping[str, Fields], folder: Path, speech: Speech | None = None) -> list[Sound]:
    with_digests = recording_digests(prompts, folder)
    by = speech or Speech()
    return list(make(wanted(prompts, speech=by, recordings=with_digests), folder, by).values())


def samples(sound: Sound) -> Any:
    """What is in the file, after a reader of our own making has no part in it."""
    with wave.open(io.BytesIO(sound.content)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def refused(prompts: Mapping[str, Fields], folder: Path, speech: Speech | None = None) -> str:
    with pytest.raises(InvalidInput) as caught:
        made(prompts, folder, speech)
    assert all(problem.hint for problem in caught.value.problems)
    return "\n".join(
        f"{problem.code} {problem.message}. {problem.cause}" for problem in caught.value.problems
    )


def program(folder: Path, text: str) -> Speech:
    """A command that speaks, or does not, as a shell script."""
    (folder / "say").write_text(f"#!/bin/sh\ncd '{folder}'\n{text}\n", encoding="utf-8")
    (folder / "say").chmod(stat.S_IRWXU)
    return Speech((str(folder / "say"), "--voice", "{language}"))


def test_a_sound_is_wanted_for_every_language_with_recording_or_text() -> None:
    prompts: dict[str, Fields] = {
        "b": {"languages": {"vi": {"text": "Chào"}, "en-AU": {"audio": "b.wav", "text": "Hi"}}},
        "a": {"languages": {"en-AU": {"text": None, "audio": None}, "zh": {"text": "你好"}}},
        "c": {"languages": {}},
    }
    found = wanted(prompts, recordings={"b.wav": "00"})
    assert {path: type(one.source).__name__ for path, one in found.items()} == {
        "a/zh.wav": "Text",
        "b/en-AU.wav": "Recording",
        "b/vi.wav": "Text",
    }
    assert list(found) == sorted(found)


def test_a_digest_follows_what_the_sound_is_made_from_and_nothing_else() -> None:
    def digest(wording: Mapping[str, Json], **known: Any) -> str:
        return wanted({"a": prompt(**wording)}, **known)["a/en-AU.wav"].digest

    text, file = {"text": "Hi"}, {"audio": "a.wav"}
    different = [
        digest(text),
        digest({"text": "Hello"}),
        digest(text, speech=Speech(("say",))),
        digest(text, speech=Speech(("say", "-x"))),
        digest(file),
        digest(file, recordings={"a.wav": "1"}),
        digest(file, recordings={"a.wav": "2"}),
    ]
    assert len(set(different)) == len(different)
    assert digest({"audio": "a.wav", "text": "Hi"}) == digest(file)
    assert digest({"audio": "b.wav"}, recordings={"b.wav": "1"}) == different[5]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_what_asterisk_plays(name: str, tmp_path: Path) -> None:
    prompts = recorded(tmp_path, name)
    assert audit(wanted(prompts), tmp_path, Speech()) == []
    (sound,) = made(prompts, tmp_path)
    heard = samples(sound)
    assert sound.path == "menu/en-AU.wav"
    assert sound.made == f"converted from {name}"
    assert len(heard) == pytest.approx(8000, abs=480)
    assert np.argmax(np.abs(np.fft.rfft(heard, 8000))) == pytest.approx(440, abs=2)
    assert np.abs(heard[1000:7000]).max() == pytest.approx(16_384, rel=0.1), "as loud as it was"


def test_what_is_in_the_right_form_already_keeps_every_sample(tmp_path: Path) -> None:
    tone = np.random.default_rng(1).integers(-32768, 32767, 20_000, "int16", endpoint=True)
    soundfile.write(tmp_path / "x.wav", tone, 8000, subtype="PCM_16")
    (sound,) = made({"menu": prompt(audio="x.wav")}, tmp_path)
    assert np.array_equal(samples(sound), tone)


def test_channels_are_averaged_and_overshoot_is_cut(tmp_path: Path) -> None:
    both = np.stack([np.full(48_000, 0.8, "float32"), np.zeros(48_000, "float32")], axis=1)
    (sound,) = made(recorded(tmp_path, "x.flac", both), tmp_path)
    assert samples(sound)[4000] == pytest.approx(0.4 * 32768, abs=2)
    loud = np.where(SECOND > 0, 1.5, np.nan).astype("float32")
    form = {"samplerate": 48_000, "subtype": "FLOAT"}
    (sound,) = made(recorded(tmp_path, "x.wav", loud, **form), tmp_path)
    assert samples(sound).max() <= 32767


@pytest.mark.espeak
def test_a_sound_says_inside_what_it_was_made_from(tmp_path: Path) -> None:
    (sound,) = made({"menu": prompt(text="Hello.")}, tmp_path)
    assert sound.made.startswith("spoken by espeak-ng 1.")
    with soundfile.SoundFile(io.BytesIO(sound.content)) as file:
        assert file.comment == f"{sound.made}; source {sound.source_digest}"
    assert struct.unpack("<I", sound.content[4:8])[0] == len(sound.content) - 8


def test_languages_find_their_nearest_voice() -> None:
    by = speech.find_speaker(Speech())
    assert by.voices is not None
    tags = "en en-AU en-GB en-US en-CA zh zh-CN zh-HK vi vi-VN es es-MX es-AR pt-BR fr-CA nn xx"
    assert {tag: speech.voice(tag, by.voices) for tag in tags.split()} == {
        **dict.fromkeys(["en", "en-AU", "en-GB"], "gmw/en"),
        **dict.fromkeys(["en-US", "en-CA"], "gmw/en-US"),
        **dict.fromkeys(["zh", "zh-CN"], "sit/cmn"),
        "zh-HK": "sit/yue",
        **dict.fromkeys(["vi", "vi-VN"], "aav/vi"),
        "es": "roa/es",
        **dict.fromkeys(["es-MX", "es-AR"], "roa/es-419"),
        "pt-BR": "roa/pt-BR",
        "fr-CA": "roa/fr",
        "nn": "gmq/nb",
        "xx": None,
    }


@pytest.mark.espeak
@settings(max_examples=scaled(15), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_any_text_is_words_and_speaks_the_same_twice(words: str) -> None:
    sentence = f"Hello {words}"
    twice = [made({"menu": prompt(text=sentence)}, Path.cwd()) for _ in range(2)]
    assert twice[0] == twice[1]


@pytest.mark.espeak
@pytest.mark.parametrize("text", ["-w x.wav", "--version", '<voice name="de">', "&lt;"])
def test_text_is_neither_option_nor_markup(text: str, tmp_path: Path) -> None:
    (sound,) = made({"menu": prompt(text=text)}, tmp_path)
    assert len(samples(sound)) > 4000, "it is read out"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.espeak
@pytest.mark.parametrize("text", ["[[h@l'oU]]", "[[[h@l'oU]]]", "a [[[[h@l'oU]] b"])
def test_phonemes_are_spelled_out_as_any_words(text: str, tmp_path: Path) -> None:
    by = speech.find_speaker(Speech())
    as_phonemes = speech._output((*by.argv, "gmw/en"), text, by.environment)
    assert len(speech.speak(by, text, "en")) > 1.5 * len(as_phonemes)


@pytest.mark.process
def test_text_goes_to_a_command_on_standard_input_in_its_language(tmp_path: Path) -> None:
    say = program(tmp_path, 'echo "$@" >args; cat >said; cat tone.wav')
    soundfile.write(tmp_path / "tone.wav", SECOND, 48_000)
    (sound,) = made({"menu": prompt(text="$(touch x) `id` ; rm")}, tmp_path, say)
    assert sound.made == "spoken by say"
    assert len(samples(sound)) == 8000
    assert (tmp_path / "said").read_text() == "$(touch x) `id` ; rm"
    assert (tmp_path / "args").read_text() == "--voice en-AU\n"
    assert not (tmp_path / "x").exists()


@pytest.mark.process
def test_a_stream_that_does_not_know_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    say = program(tmp_path, "cat tone.wav")
    soundfile.write(tmp_path / "tone.wav", SECOND, 48_000)
    whole = bytearray((tmp_path / "tone.wav").read_bytes())
    whole[4:8] = whole[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "tone.wav").write_bytes(whole)
    (sound,) = made({"menu": prompt(text="Hi")}, tmp_path, say)
    assert len(samples(sound)) == 8000


@pytest.mark.process
@pytest.mark.parametrize(
    "script, cause",
    [
        ("exit 3", "It ended with code 3"),
        ("cat /dev/zero", "It wrote more than 50 MB"),
        ("echo sorry", "It does not begin like a .wav file"),
        ("cat silence.wav", "What it wrote is silence"),
    ],
)
def test_a_command_that_does_not_speak_is_reported_with_its_prompt(
    script: str, cause: str, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "silence.wav", SECOND * 0, 48_000)
    told = refused(
        {"menu": prompt(text="Hi")},
        tmp_path,
        program(tmp_path, script),
    )
    assert told.startswith("CC462 prompt/menu in en-AU: say ")
    assert cause in told


@pytest.mark.process
def test_a_command_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "SECONDS_TO_SPEAK", 0.5)
    told = refused({"menu": prompt(text="Hi")}, tmp_path, program(tmp_path, "sleep 60 & sleep 60"))
    assert told.startswith("CC462 prompt/menu in en-AU: say ")
    assert "It was not done after 0.5 seconds" in told


def test_what_cannot_be_spoken_is_seen_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: dict[str, Fields] = {
        name: {"languages": {"fil": {"text": "Kumusta"}}} for name in ("a", "b", "c")
    }
    (problem,) = audit(wanted(prompts), tmp_path, Speech())
    assert problem.code == "CC461"
    assert problem.message.startswith("prompt/a in fil and 2 more: espeak-ng 1.")
    assert refused(prompts, tmp_path).count("CC461") == 3
    monkeypatch.setenv("PATH", str(tmp_path))
    (problem,) = audit(wanted(prompts), tmp_path, Speech())
    assert (problem.code, problem.message) == ("CC460", "espeak-ng is not on this machine")
    assert "apt-get install espeak-ng" in problem.hint


@pytest.mark.espeak
@pytest.mark.process
def test_no_program_of_the_branch_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with the working folder in it, as an empty entry, is a common mistake."""
    marker = tmp_path / "marker"
    branch = tmp_path / "branch"
    branch.mkdir()
    program(branch, f"touch {marker}")
    for name in ("espeak-ng", "sipp", "git"):
        shutil.copy(branch / "say", branch / name)
    monkeypatch.chdir(branch)
    monkeypatch.setenv("PATH", f":.:{os.environ['PATH']}")
    prompts = {"menu": prompt(text="Hi")}
    assert audit(wanted(prompts), branch, speech.named_speech()) == []
    (sound,) = made(prompts, branch, speech.named_speech())
    assert sound.made.startswith("spoken by espeak-ng 1.")
    assert not marker.exists()
    for named in ("./say", "branch/say"):
        monkeypatch.setenv("CCSTATE_SPEECH", named)
        with pytest.raises(InvalidInput) as wrong:
            speech.named_speech()
        assert [one.code for one in wrong.value.problems] == ["CC454"]
    monkeypatch.setenv("CCSTATE_SPEECH", str(branch / "say"))  # that the attack works where allowed
    assert refused(prompts, branch, speech.named_speech())
    assert marker.exists()


def _spoil(folder: Path, how: str) -> None:
    """Put a recording there that cannot be used."""
    file = folder / ("x.flac" if how == "no length" else "x.wav")
    match how:
        case "outside":
            shutil.copy("/etc/hostname", folder.parent / "secret.wav")
            file.symlink_to(folder.parent / "secret.wav")
        case "folder":
            file.mkdir()
        case "round":
            file.symlink_to(file)
        case "other format":
            soundfile.write(file, SECOND, 48_000, format="FLAC")
        case "no sound":
            soundfile.write(file, SECOND[:0], 48_000)
        case "no length":
            soundfile.write(file, SECOND, 48_000)
            file.write_bytes(flac_length(file.read_bytes(), 0))
        case "damaged":
            file.write_bytes(b"RIFF\x10\x00\x00\x00WAVEfmt ")
        case "long":
            soundfile.write(file, np.zeros(8000 * 601, "float32"), 8000, subtype="PCM_U8")
        case "large":
            file.touch()
            os.truncate(file, 50_000_001)


@pytest.mark.parametrize(
    "how, code",
    [
        ("missing", "CC463"),
        ("round", "CC463"),
        ("outside", "CC464"),
        ("folder", "CC464"),
        ("other format", "CC465"),
        ("damaged", "CC465"),
        ("no length", "CC465"),
        ("long", "CC466"),
        ("large", "CC466"),
    ],
)
def test_a_recording_that_cannot_be_used_is_reported_before_and_at_making(
    how: str, code: str, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    _spoil(project, how)
    name = "x.flac" if how == "no length" else "x.wav"
    prompts = {"menu": prompt(audio=name)}
    assert [one.code for one in audit(wanted(prompts), project, Speech())] == [code]
    assert refused(prompts, project).startswith(f"{code} prompt/menu in en-AU: {name} ")


def test_a_recording_without_sound_or_changed_since_the_plan_is_not_made(tmp_path: Path) -> None:
    _spoil(tmp_path, "no sound")
    prompts = {"menu": prompt(audio="x.wav")}
    assert refused(prompts, tmp_path).startswith("CC465 ")
    planned = wanted(prompts, recordings=recording_digests(prompts, tmp_path))
    recorded(tmp_path, "x.wav")
    with pytest.raises(InvalidInput, match="another recording than when this was planned"):
        make(planned, tmp_path, Speech())


def test_a_bomb_is_put_out_whatever_its_header_tells(tmp_path: Path) -> None:
    """Two hours of silence in 180 kB; the header of the second says one second."""
    bomb = tmp_path / "x.flac"
    soundfile.write(bomb, np.zeros(8000 * 7200, "int16"), 8000)
    content = bomb.read_bytes()
    with pytest.raises(InvalidInput, match="longer than 10 minutes"):
        audio.telephone_samples(content, "x.flac")
    with suppress(InvalidInput):
        samples = audio.telephone_samples(flac_length(content, 8000), "x.flac")
        assert len(samples) <= 600 * 16_000


def flac_length(flac: bytes, length: int) -> bytes:
    """The same, with another number of samples in its header (36 bits); 0 is unknown."""
    return flac[:21] + bytes((flac[21] & 0xF0,)) + struct.pack(">I", length) + flac[26:]


@settings(max_examples=scaled(200), deadline=None)
@given(st.sampled_from(list(FORMATS)), st.data())
def test_damaged_recordings_are_refused_or_read_but_never_crash(
    name: str, data: st.DataObject
) -> None:
    content = bytearray(intact(name))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(content), 400) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with suppress(InvalidInput):
        assert audio.telephone_samples(
            bytes(content[: data.draw(st.integers(0, len(content)))]), name
        )


@cache
def intact(name: str) -> bytes:
    file = io.BytesIO()
    form = {"format": name.rpartition(".")[2].upper()} | FORMATS[name]
    soundfile.write(file, SECOND[:: 48_000 // form["samplerate"]], **form)
    return file.getvalue()


DIALPLAN = """[sounds]
exten => _X,1,Answer()
 same => n,Set(CHANNEL(language)=en)
 same => n,Playback(ccstate/menu-${EXTEN}/en-AU)
 same => n,NoOp(heard ${EXTEN} ${PLAYBACKSTATUS})
exten => stay,1,Answer()
 same => n,Wait(10)
"""


def told(site: Site, command: str) -> str:
    line = [*site.programs.asterisk, "-C", str(site.etc / "asterisk.conf"), "-rx", command]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def heard(site: Site, number: str) -> str:
    """What Asterisk says of playing that prompt: SUCCESS or FAILED."""
    told(site, f"channel originate Local/{number}@sounds extension stay@sounds")
    return until(
        lambda: re.search(rf"heard {number} ([A-Z]+)", site.log.read_text()),
        f"Asterisk has played {number}",
    )[1]


@pytest.mark.parametrize("release", ["22", "16"])
def test_asterisk_plays_what_is_spoken_and_what_is_converted(
    release: str,
    new_site: NewSite,
    tmp_path: Path,
) -> None:
    asterisk = new_site(release, files={"extensions.d/sounds.conf": DIALPLAN})
    for module in ("res_convert", "res_clioriginate"):
        told(asterisk, f"module load {module}.so")
    recording = recorded(tmp_path, "x.mp3")["menu"]
    for sound in made({"menu-1": prompt(text="Hello."), "menu-2": recording}, tmp_path):
        place = asterisk.sounds / "ccstate" / sound.path
        place.parent.mkdir(parents=True)
        place.write_bytes(sound.content)
        raw = tmp_path / "played.sln"
        assert "Converted" in told(asterisk, f"file convert {place} {raw}")
        lost = len(samples(sound)) - raw.stat().st_size // 2
        assert 0 <= lost <= 22, "Asterisk stops 22 samples early: the header's 44 bytes"
    assert [heard(asterisk, number) for number in "123"] == ["SUCCESS", "SUCCESS", "FAILED"]
