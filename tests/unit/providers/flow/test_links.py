"""Which redirects lead to a medium."""

import pytest

from flow2api.providers.flow.links import clip_id, media_link

ASKED = "https://labs.test/fx/api/trpc/media.getMediaUrlRedirect?name=a"


@pytest.mark.parametrize(
    ("location", "link"),
    [
        ("https://content.test/video/9e41?Signature=x", "https://content.test/video/9e41?Signature=x"),
        ("https://content.test/anything", "https://content.test/anything"),
        ("http://127.0.0.1:8080/image/a", "http://127.0.0.1:8080/image/a"),
        ("/video/9e41?x=1", "https://labs.test/video/9e41?x=1"),
        ("//content.test/video/9e41", "https://content.test/video/9e41"),
        ("https://accounts.google.com/signin?continue=/video/9e41", None),
        ("https://flow.google.com/", None),
        ("/fx/api/auth/signin", None),
        ("https://labs.test/fx/tools/flow", None),
        ("ftp://content.test/video/9e41", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("http://[broken", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_medium_is_taken_for_one(location: str | None, link: str | None) -> None:
    assert media_link(location, ASKED) == link


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://content.test/video/9e41?Signature=x", "9e41"),
        ("https://content.test/a/video/9e41_upsampled", "9e41_upsampled"),
        ("https://content.test/image/9e41", None),
        ("https://content.test/other", None),
    ],
)
def test_a_link_to_a_clip_names_it(link: str, found: str | None) -> None:
    assert clip_id(link) == found
