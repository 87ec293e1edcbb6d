"""The page for people, and the document."""

import re
from html.parser import HTMLParser

from tests.api.worlds import World


class Page(HTMLParser):
    """Notes what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


def _page(world: World) -> tuple[Page, str]:
    text = world.client.get("/").get_data(as_text=True)
    page = Page()
    page.feed(text)
    return page, text


def test_the_page_is_chinese_first_with_english_beside_it(world: World) -> None:
    _, text = _page(world)
    assert '<html lang="zh-Hans">' in text
    assert text.index("技能学分账本") < text.index("A ledger of skill credits")


def test_the_page_has_no_script_and_no_inline_style(world: World) -> None:
    page, _ = _page(world)
    assert "script" not in page.tags
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "style" not in page.attributes


def test_its_links_lead_somewhere_here(world: World) -> None:
    page, _ = _page(world)
    assert page.links
    for link in page.links:
        assert link.startswith("/")
        assert world.client.get(link).status_code == 200


def test_it_shows_the_log_as_it_is(world: World) -> None:
    _, text = _page(world)
    checkpoint = world.client.get("/log/checkpoint").get_data(as_text=True)
    size = re.search('<dd id="size">([0-9]+)</dd>', text)
    assert size is not None
    assert size[1] == checkpoint.splitlines()[1]
    assert checkpoint.splitlines()[2] in text.replace("&#43;", "+")


def test_the_document_is_the_same_for_all_and_may_be_kept(world: World) -> None:
    answer = world.client.get("/openapi.json")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.json["openapi"].startswith("3.1")
