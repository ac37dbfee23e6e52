"""The page of a comparison in a real browser: what is there, and that it is seen."""

import re
import subprocess
from base64 import b64decode
from collections.abc import Callable
from html import unescape
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing
from tests import corpus
from tests.dicom.builder import image, native, part10, text
from tests.dicom.palettes import segmented_image

MAGENTA = (255, 0, 255)
ROWS, COLUMNS, CHANGED = 48, 64, 10
HOSTILE = "</td><script>document.title='owned'</script><img src=x onerror=alert(1)>&\"'"
SIZES = """<script>onload = () => { for (const picture of document.images)
picture.dataset.size = picture.naturalWidth + 'x' + picture.naturalHeight }</script></body>"""

Page = Callable[..., str]


def coloured(changed: int = 0, *, value: str = "plain", frames: int = 3) -> bytes:
    """Returns a magenta file; some pixels of its last frame are not, and a text is hostile."""
    pixel = image(ROWS, COLUMNS, samples=3, photometric="RGB")
    data = np.tile(np.array(MAGENTA, np.uint8), (frames, ROWS, COLUMNS, 1))
    data[-1].reshape(-1, 3)[:changed, 1] = 40
    data_set = native(pixel, data.tobytes(), frames=str(frames))
    at = data_set.index(b"\x28\0\2\0")
    return part10("explicit", data_set[:at] + text(0x00104000, "LT", value) + data_set[at:])


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Compares two files and returns the page."""

    def page(a: bytes, b: bytes, name: str = "b.dcm") -> str:
        paths = tmp_path / "a.dcm", tmp_path / name
        for path, data in zip(paths, (a, b), strict=True):
            path.write_bytes(data)
        report = tmp_path / "page.html"
        a_path, b_path = map(str, paths)
        compare(Comparing(a_path, b_path, report=str(report), overwrite=True))
        return report.read_text("utf-8")

    return page


def chromium(folder: Path, html: str, *arguments: str) -> str:
    """Returns what a headless browser prints for this page."""
    (folder / "shown.html").write_text(html, "utf-8")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    done = subprocess.run(
        ["chromium", *flags, "--hide-scrollbars", *arguments, str(folder / "shown.html")],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_the_page_needs_nothing_else(page: Page) -> None:
    html = page(coloured(), coloured(CHANGED))
    assert "<script" not in html
    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)
    sources = re.findall(r"src='([^']{22})", html)
    assert set(sources) == {"data:image/png;base64,"}
    assert "default-src 'none'" in html


def test_the_pictures_are_those_of_the_frames(page: Page) -> None:
    html = page(coloured(), coloured(CHANGED))
    found = [imagecodecs.png_decode(b64decode(data)) for data in re.findall("64,([^']+)'", html)]
    # the worst frame is the third: A, B, difference; then A and B of the first
    assert [picture.shape for picture in found] == [
        (ROWS, COLUMNS, 3), (ROWS, COLUMNS, 3), (ROWS, COLUMNS),
        (ROWS, COLUMNS, 3), (ROWS, COLUMNS, 3),
    ]  # fmt: skip
    assert (found[0] == MAGENTA).all()
    assert (found[1][0, :CHANGED] == (255, 40, 255)).all()
    assert np.count_nonzero(found[2]) == CHANGED
    assert found[2].max() == 255
    assert "amplified 6.375 times: black is 0, white is 40, 15.7 % of the range" in html
    assert "error 40: 10 values" in unescape(html) or "error 40 to 41: 10 values" in html


def test_small_pictures_are_enlarged_and_large_ones_are_not(page: Page) -> None:
    html = page(coloured(), coloured(CHANGED))
    assert html.count("width='320' height='240' class='enlarged'") == 5
    assert "each pixel shown as 5 x 5" in html
    large = part10("explicit", native(image(330, 400), bytes(330 * 400)))
    assert page(large, large).count("width='400' height='330' src") == 2


@pytest.mark.parametrize(("error", "amplified"), [(1, "255"), (2, "127.5"), (200, "1.275")])
def test_the_picture_of_a_difference_states_its_scale(
    page: Page, error: int, amplified: str
) -> None:
    a, b = (
        part10("explicit", native(image(4, 4), bytes([0, 250, value]) + bytes(13)))
        for value in (0, error)
    )
    share = f"{100 * error / 250:.3g}"
    assert (
        f"Absolute difference, amplified {amplified} times: black is 0, white is {error},"
        f" {share} % of the range of A&#x27;s values (each pixel shown as 80 x 80)" in page(a, b)
    )


def test_equal_files_are_shown_with_the_verdict(page: Page) -> None:
    html = page(coloured(), coloured())
    assert "class='same'>The same</h1>" in html
    assert html.count("<img ") == 2


def test_files_that_cannot_be_compared_still_make_a_page(page: Page) -> None:
    grey = part10("explicit", native(image(4, 4), bytes(range(16))))
    html = page(coloured(), grey)
    assert "B&#x27;s frames are 4 x 4" in html
    assert html.count("<img ") == 2
    bare = part10("explicit", text(0x00104000, "LT", "nothing"))
    assert "B has no Pixel Data" in page(coloured(), bare)


def test_every_kind_of_image_makes_a_page(page: Page) -> None:
    for name in ("SC_ybr_full_422_uncompressed.dcm", "examples_palette.dcm", "liver_1frame.dcm"):
        data = corpus.file(name).read_bytes()
        assert page(data, data).count("<img ") == 2


@pytest.mark.parametrize("bits", [8, 16])
def test_a_segmented_palette_is_shown_in_its_colours(page: Page, bits: int) -> None:
    data, colours = segmented_image(bits)
    shown = re.findall("64,([^']+)'", page(data, data))
    pictures = [imagecodecs.png_decode(b64decode(one)) for one in shown]
    assert [picture.reshape(-1, 3).tolist() for picture in pictures] == [colours, colours]


def test_hostile_text_stays_text(page: Page) -> None:
    html = page(coloured(), coloured(value=HOSTILE + "\x1b\u202e"), name="<b>&.dcm")
    assert "<script" not in html
    assert "<b>" not in html
    assert "<img src=x" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html


@pytest.mark.peer("chromium")
def test_a_browser_finds_the_verdict_first_and_all_pictures(page: Page, tmp_path: Path) -> None:
    html = page(coloured(), coloured(CHANGED, value=HOSTILE))
    dom = chromium(tmp_path, html, "--dump-dom")
    assert dom.index("They differ</h1>") < dom.index("<table")
    assert "<title>They differ: " in dom  # the hostile script did not run
    assert "<script" not in dom
    assert "owned" in unescape(dom)
    found = re.findall(r"<td[^>]*>(.*?)</td>", dom)
    cells = [unescape(cell.replace("<wbr>", "")) for cell in found]
    assert "PatientComments" in cells
    assert any(cell.startswith("</td><script>") for cell in cells)
    without_policy = re.sub(r"<meta http-equiv[^>]*>", "", html).replace("</body>", SIZES)
    measured = chromium(tmp_path, without_policy, "--virtual-time-budget=3000", "--dump-dom")
    assert re.findall(r'data-size="(\w+)"', measured) == [f"{COLUMNS}x{ROWS}"] * 5


@pytest.mark.long
@pytest.mark.peer("chromium")
def test_a_browser_shows_the_pictures(page: Page, tmp_path: Path) -> None:
    html = page(coloured(), coloured(CHANGED))
    shot = tmp_path / "shot.png"
    chromium(tmp_path, html, "--window-size=1200,1600", f"--screenshot={shot}")
    seen = imagecodecs.png_decode(shot.read_bytes())[..., :3].reshape(-1, 3)
    pixels = ROWS * COLUMNS
    enlarged = 5 * 5  # 64 x 48 is shown as 320 x 240
    assert (seen == MAGENTA).all(axis=1).sum() == (4 * pixels - CHANGED) * enlarged
    assert (seen == (255, 40, 255)).all(axis=1).sum() == CHANGED * enlarged
    assert (seen == (53, 96, 143)).all(axis=1).sum() > 500  # the bars of the histogram
