"""Sound files as people upload them: which are taken, and why each of the others is set aside."""

import struct
import wave

import pytest

from tests.include.jobs.speech.in_image import Image

CODECS = {
    "a.wav": ("pcm_s16le", {}),
    "b.wav": ("pcm_u8", {}),
    "c.wav": ("pcm_s24le", {}),
    "d.wav": ("pcm_mulaw", {"rate": 8_000}),
    "float.wav": ("pcm_f32le", {}),
    "a.flac": ("flac", {}),
    "a.mp3": ("libmp3lame", {}),
    "a.mp4": ("aac", {}),
    "a.m4a": ("aac", {"file_format": "mp4"}),
    "a.ogg": ("libopus", {"rate": 48_000}),
    "a.webm": ("libopus", {"rate": 48_000}),
    "a.amr": ("libopencore_amrnb", {"rate": 8_000, "bit_rate": 12_200}),
}


@pytest.fixture(scope="module")
def image(speech_python, speech_folder):
    folders = [speech_folder, speech_folder.parent / "shared", __file__.rpartition("/")[0]]
    with Image(speech_python, folders, ["media", "sounds", "pathlib"]) as process:
        yield process


@pytest.fixture
def make(image, tmp_path):
    """Writes a file and gives its path."""

    def write(name, codec, **options):
        image("sounds.write(path, codec, **options)", path=tmp_path / name, codec=codec, options=options)
        return tmp_path / name

    return write


@pytest.fixture
def check(image):
    def run(path, name=None, calls=False):
        values = {"name": name or path.name, "path": path, "calls": calls}
        return image("media.check(name, pathlib.Path(path), calls=calls)", **values)

    return run


def reason(checked):
    assert set(checked) == {"file", "reason", "remedy"}, checked
    assert checked["remedy"].endswith(".")
    return checked["reason"]


@pytest.mark.parametrize("name", CODECS)
def test_every_format_is_taken_and_measured(make, check, name):
    codec, options = CODECS[name]
    media = check(make(name, codec, **options))
    assert (media["sample_rate"], media["channels"]) == (options.get("rate", 16_000), 1)
    assert media["seconds"] == pytest.approx(2.0, abs=0.1)
    assert media["peaks"] == [pytest.approx(0.3, abs=0.06)]
    assert media["bytes"] > 0


def test_what_is_lossless_gets_no_advice_and_what_is_not_does(make, check):
    assert check(make("a.flac", "flac"))["advice"] == []
    [advice] = check(make("a.mp3", "libmp3lame"))["advice"]
    assert advice.endswith("loses detail: FLAC, or WAV of 16-bit PCM, is advised.")


def test_each_channel_is_measured(make, check):
    media = check(make("a.wav", "pcm_s16le", rate=8_000, channels=2, amplitudes=(0.5, 0.1)), calls=True)
    assert media["peaks"] == [pytest.approx(0.5, abs=0.001), pytest.approx(0.1, abs=0.001)]
    assert media["advice"] == []


def test_calls_are_advised_to_be_8_khz_and_to_have_sound_on_both_channels(make, check):
    path = make("a.wav", "pcm_s16le", channels=2, amplitudes=(0.5, 0.0))
    assert check(path, calls=True)["advice"] == [
        "It has 16000 Hz: 8000 Hz stereo is advised for telephone calls.",
        "Channel 1 is silent.",
    ]
    assert check(path)["advice"] == ["Channel 1 is silent."]


def test_a_call_on_one_channel_is_set_aside(make, check):
    path = make("a.wav", "pcm_s16le", rate=8_000)
    assert reason(check(path, calls=True)) == "It has 1 channel, call analytics needs 2."


@pytest.mark.parametrize(
    ("name", "codec", "options", "said"),
    [
        (
            "six.wav",
            "pcm_s16le",
            {"channels": 6},
            "It has 6 channels, at most 2 are allowed.",
        ),
        (
            "silent.wav",
            "pcm_s16le",
            {"amplitudes": (0.0005,)},
            "It is silent: its loudest sample is 0.00049 of full scale, under 0.001.",
        ),
        (
            "silent.ogg",
            "libopus",
            {"rate": 48_000, "amplitudes": (0.0,)},
            "It is silent: its loudest sample is 0.00000 of full scale, under 0.001.",
        ),
        ("short.wav", "pcm_s16le", {"seconds": 0.4}, "It lasts 0.400 s, at least 0.5 s are needed."),
        ("short.mp3", "libmp3lame", {"seconds": 0.1}, "at least 0.5 s are needed."),
        (
            "low.wav",
            "pcm_s16le",
            {"rate": 6_000},
            "Its sample rate is 6000 Hz, outside 8000 to 48000.",
        ),
        (
            "high.flac",
            "flac",
            {"rate": 96_000},
            "Its sample rate is 96000 Hz, outside 8000 to 48000.",
        ),
        ("lies.mp3", "pcm_s16le", {"file_format": "wav"}, "It is WAV but is named .mp3."),
        ("lies.wav", "flac", {"file_format": "flac"}, "It is FLAC but is named .wav."),
        ("sound.mkv", "flac", {}, "It is Matroska (MKV), not WebM."),
        ("sound", "pcm_s16le", {"file_format": "wav"}, "It is WAV but is named without an ending."),
        ("sound.aiff", "pcm_s16be", {}, "It is damaged, or of another format, not sound."),
    ],
)
def test_what_transcribe_refuses_is_set_aside(make, check, name, codec, options, said):
    assert said in reason(check(make(name, codec, **options)))


def test_an_empty_file_is_set_aside(tmp_path, check):
    (tmp_path / "a.wav").touch()
    assert reason(check(tmp_path / "a.wav")) == "It is empty: it has 0 bytes."


def test_a_file_that_is_not_there_is_set_aside(tmp_path, check):
    assert reason(check(tmp_path / "a.wav")).startswith("It cannot be read: [Errno 2]")


def test_text_is_set_aside(tmp_path, check):
    (tmp_path / "a.wav").write_text("Größe, not sound\n" * 9)
    checked = check(tmp_path / "a.wav")
    assert reason(checked) == "It is text, not sound."
    assert checked["remedy"] == "Give one of WAV, FLAC, MP3, MP4, Ogg, WebM, AMR; FLAC or WAV is advised."


def test_a_playlist_is_not_followed(make, tmp_path, check):
    sound = make("secret.flac", "flac")
    for name, text in {
        "a.wav": f"ffconcat version 1.0\nfile '{sound}'\n",
        "b.mp3": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{sound}\n#EXT-X-ENDLIST\n",
    }.items():
        (tmp_path / name).write_text(text)
        assert reason(check(tmp_path / name)) == "It is text, not sound."


@pytest.mark.parametrize("share", [0.3, 0.6])
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.wav", "pcm_s16le"), ("a.flac", "flac")])
def test_a_file_that_is_cut_off_is_set_aside(make, check, name, codec, share):
    path = make(name, codec, seconds=20)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "cut off" in reason(check(path)) or "damaged" in reason(check(path))


def test_an_mp4_without_its_index_is_set_aside(make, check):
    path = make("a.mp4", "aac", index_first=False)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert reason(check(path)) == "It is an MP4 file that is cut off: its index (moov) is missing."


def test_noise_in_the_middle_does_not_end_the_check(make, check):
    path = make("a.flac", "flac", seconds=20)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff\x00" * ((len(content) + 1) // 2 // 2)
    path.write_bytes(bytes(content))
    assert reason(check(path))


def test_a_title_in_another_encoding_does_no_harm(make, check):
    path = make("a.wav", "pcm_s16le")
    content = path.read_bytes()
    assert b"Lavf" in content
    path.write_bytes(content.replace(b"Lavf", b"L\xe4vf"))
    assert check(path)["seconds"] == 2


def test_an_unknown_codec_is_set_aside(make, check):
    path = make("a.wav", "pcm_s16le")
    content = bytearray(path.read_bytes())
    content[20:22] = b"\xee\xee"
    path.write_bytes(bytes(content))
    assert reason(check(path)) == "It is WAV with sound in an unknown codec."


def test_a_video_without_sound_is_set_aside(image, tmp_path, check):
    image("sounds.write_video(path)", path=tmp_path / "a.mp4")
    assert reason(check(tmp_path / "a.mp4")) == "It is MP4 without a sound track."


@pytest.mark.parametrize(("calls", "bound"), [(False, 2 * 1024**3), (True, 500 * 1024**2)])
def test_a_file_over_the_bound_is_set_aside_unread(tmp_path, check, calls, bound):
    with (tmp_path / "a.wav").open("wb") as stream:
        stream.truncate(bound + 1)
    assert reason(check(tmp_path / "a.wav", calls=calls)) == (
        f"It has {bound + 1} bytes, at most {bound} are allowed."
    )


def test_more_than_four_hours_are_set_aside_by_the_header(tmp_path, check):
    with wave.open(str(tmp_path / "a.wav"), "wb") as stream:
        stream.setparams((1, 1, 8_000, 0, "NONE", ""))
    size = 8_000 * 14_401
    header = bytearray((tmp_path / "a.wav").read_bytes())
    header[4:8], header[40:44] = struct.pack("<I", size + 36), struct.pack("<I", size)
    with (tmp_path / "a.wav").open("wb") as stream:
        stream.write(header)
        stream.truncate(len(header) + size)
    assert reason(check(tmp_path / "a.wav")) == "It lasts longer than 14400 s (four hours)."


def test_bad_files_do_not_keep_good_ones_from_being_checked(image, make, tmp_path):
    (tmp_path / "empty.wav").touch()
    paths = {"calls/empty.wav": tmp_path / "empty.wav", "calls/good.wav": make("good.wav", "pcm_s16le")}
    found = image(
        "media.document(*media.check_all({name: pathlib.Path(path) for name, path in paths.items()}))",
        paths={name: str(path) for name, path in paths.items()},
    )
    assert [each["file"] for each in found["taken"]] == ["calls/good.wav"]
    assert found["set_aside"] == [
        {
            "file": "calls/empty.wav",
            "reason": "It is empty: it has 0 bytes.",
            "remedy": "Upload it again, or leave it out.",
        }
    ]
