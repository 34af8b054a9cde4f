"""What a person reads on a page: its text, without the markup."""

import html.parser


class _Text(html.parser.HTMLParser):
    BLOCKS = {"p", "div", "section", "article", "li", "tr", "h1", "h2", "h3", "h4",
              "header", "footer", "main", "nav", "table", "dd", "dt", "br", "title",
              "caption", "ul", "ol", "aside", "summary", "time"}
    HIDDEN = {"style", "script", "head", "svg"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.hidden = [], 0

    def handle_starttag(self, tag, attrs):
        if tag in self.HIDDEN:
            self.hidden += 1
        elif tag in ("td", "th"):
            self.parts.append("  ")
        elif tag in self.BLOCKS and tag != "time":
            self.parts.append("\n")

    def handle_endtag(self, tag):
        if tag in self.HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in self.BLOCKS and tag != "time":
            self.parts.append("\n")

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def lines(markup):
    """The lines of text of an HTML page, blanks folded, empty ones left out."""
    reader = _Text()
    reader.feed(markup)
    folded = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return [line for line in folded if line]


def find(markup, *words):
    """The first line that holds all the words (case does not count), or None."""
    for line in lines(markup):
        if all(w.lower() in line.lower() for w in words):
            return line
    return None
