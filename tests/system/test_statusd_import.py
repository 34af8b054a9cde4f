"""A big WordPress export with all that real ones have in them."""

import json
import os
import re
import subprocess
import time

import pytest

from mg.daemons import Statusd
from mg.wait import until
from test_statusd import SYSTEMS

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- generator="WordPress/6.4.3" created="2025-11-30 12:00" -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:wfw="http://wellformedweb.org/CommentAPI/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Old status</title><link>https://old.example</link>
<wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_login><![CDATA[boss]]></wp:author_login>
<wp:author_email><![CDATA[boss@old.example]]></wp:author_email></wp:author>
<wp:category><wp:category_nicename>mail</wp:category_nicename></wp:category>
"""
BODY = """<!-- wp:paragraph --><p>Mail is <strong>slow</strong> &amp; we know, no {n}.</p>
<!-- /wp:paragraph -->

[caption id="a1" width="300"]<img src="https://old.example/p{n}.png" alt="A chart"/> Seen[/caption]
<!--more-->
[gallery ids="1,2,3"]Second part.<script>alert({n})</script>"""
COMMENT = """<wp:comment><wp:comment_id>{n}</wp:comment_id>
<wp:comment_author><![CDATA[A customer]]></wp:comment_author>
<wp:comment_author_email>customer@home.example</wp:comment_author_email>
<wp:comment_content><![CDATA[COMMENT by me]]></wp:comment_content>
<wp:comment_approved>1</wp:comment_approved></wp:comment>"""


def item(n, at, title="NC036: Update", status="publish", kind="post", more="",
         gmt=None):
    day = time.strftime("%Y/%m/%d", time.gmtime(at))
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    return f"""<item><title><![CDATA[{title} {n}]]></title>
<link>https://old.example/{day}/post-{n}/</link>
<pubDate>{time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(at))}</pubDate>
<dc:creator><![CDATA[boss]]></dc:creator>
<guid isPermaLink="false">https://old.example/?p={n}</guid><description></description>
<content:encoded><![CDATA[{BODY.format(n=n)}]]></content:encoded>
<excerpt:encoded><![CDATA[EXCERPT]]></excerpt:encoded>
<wp:post_id>{n}</wp:post_id><wp:post_date><![CDATA[{stamp}]]></wp:post_date>
<wp:post_date_gmt><![CDATA[{gmt or stamp}]]></wp:post_date_gmt>
<wp:post_name><![CDATA[post-{n}]]></wp:post_name>
<wp:status><![CDATA[{status}]]></wp:status><wp:post_parent>0</wp:post_parent>
<wp:post_type><![CDATA[{kind}]]></wp:post_type>{more or
"<wp:post_password><![CDATA[]]></wp:post_password>"}
<category domain="category" nicename="mail"><![CDATA[Mail & more]]></category>
<category domain="post_tag" nicename="t{n % 50}"><![CDATA[tag {n % 50}]]></category>
<wp:postmeta><wp:meta_key>_edit_last</wp:meta_key>
<wp:meta_value><![CDATA[META]]></wp:meta_value></wp:postmeta>{COMMENT.format(n=n)}
</item>"""


LOCKED = "<wp:post_password><![CDATA[hush]]></wp:post_password>"
FIRST = 1420070400  # 1 January 2015
POSTS = 5000 if os.environ.get("MG_LONG") else 500
OLD = POSTS - 79


def hidden(now):
    """What a reader of the old blog never saw, and is never to see here."""
    return [item(9001, FIRST, "HIDDEN draft", "draft", gmt="0000-00-00 00:00:00"),
            item(9002, FIRST, "HIDDEN pending", "pending"),
            item(9003, FIRST, "HIDDEN private", "private"),
            item(9004, FIRST, "HIDDEN locked", more=LOCKED),
            item(9005, FIRST, "HIDDEN bin", "trash"),
            item(9006, now + 86400, "HIDDEN planned", "future"),
            item(9007, now + 86400, "HIDDEN early"),
            item(9008, FIRST, "HIDDEN page", kind="page"),
            item(9009, FIRST, "HIDDEN file", "inherit", "attachment"),
            item(9010, FIRST, "HIDDEN menu", kind="nav_menu_item"),
            item(9011, FIRST, "HIDDEN draft", "auto-draft")]


@pytest.fixture
def export(place):
    items = [item(n, FIRST + n * 60000) for n in range(1, POSTS + 1)]
    items += hidden(int(time.time()))
    # Its time in UTC was lost, as very old exports have it.
    items.append(item(8000, FIRST, "NC036: Undated", gmt="0000-00-00 00:00:00"))
    return place.write("old.xml", HEAD + "\n".join(items) + "</channel></rss>")


def test_a_big_export(place, export):
    statusd = Statusd(place, systems=SYSTEMS).start()
    done = json.loads(statusd.ctl("import", "--json", export).stdout)
    assert done["taken"] == POSTS + 1
    assert len(done["skipped"]) == 11
    assert all("HIDDEN" in s["title"] for s in done["skipped"])
    again = json.loads(statusd.ctl("import", "--json", export).stdout)
    assert (again["taken"], again["known"]) == (0, POSTS + 1)

    day = time.strftime("/%Y/%m/%d", time.gmtime(FIRST + OLD * 60000))
    address = f"{day}/post-{OLD}/"
    until(lambda: statusd.fetch(address)[0] == 200, 30, "the page is there")
    until(lambda: statusd.fetch(f"/?p={OLD}")[0] == 200
          and statusd.fetch("/tag/tag-21/")[0] == 200, 30, "the lists are there")
    page = statusd.get(address)
    assert f"Mail is <strong>slow</strong> &amp; we know, no {OLD}." in page
    assert f'<a href="https://old.example/p{OLD}.png">A chart</a>' in page
    assert "Second part." in page and "Mail &amp; more" in page
    for wrong in ("alert(", "[caption", "[gallery", "COMMENT", "EXCERPT", "META",
                  "customer", "boss", "<img"):
        assert wrong not in page, wrong
    redirect = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{redirect_url}",
                               statusd.url + f"/?p={OLD}"], capture_output=True,
                              text=True, check=True).stdout
    assert redirect == statusd.url + address
    until(lambda: statusd.fetch("/2015/01/01/post-8000/")[0] == 200, 30)

    # Nothing that was hidden is anywhere, nor an address for it.
    assert subprocess.run(["grep", "-rlaE", "HIDDEN|post-90[01][0-9]", statusd.site],
                          capture_output=True, text=True,
                          check=False).stdout == ""
    for n in range(9001, 9012):
        assert statusd.fetch(f"/?p={n}")[2] == statusd.fetch("/")[2]
        assert "HIDDEN" not in statusd.get("/search/?q=HIDDEN").replace(
            'value="HIDDEN"', "").replace("“HIDDEN”", "")
    assert len(re.findall("<loc>", statusd.get("/sitemap.xml"))) > POSTS
