"""What an HTML document holds, read without a browser."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr"}


class ParsedHTML(HTMLParser):
    """Elements of a document, in which each tag that opens must close again.

    Attributes: `tags`, a list of pairs (name, attributes); `headings`, texts by id of the second
    level; `tables`, a dict from the caption (the text of the element that labels the table) to its
    rows, lists of texts; `text`, all that a reader sees.
    """

    def __init__(self, document):
        super().__init__()
        self.tags, self.ids, self.tables, self._open, self._texts = [], {}, {}, [], []
        self._rows = None
        self.feed(document)
        self.close()
        assert self._open == []
        self.text = " ".join(" ".join(self._texts).split())
        self.headings = {
            attributes["id"]: self.ids[attributes["id"]].strip()
            for tag, attributes in self.tags
            if tag == "h2"
        }

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if "id" in attributes:
            assert attributes["id"] not in self.ids
            self.ids[attributes["id"]] = ""
        if tag == "table":
            label = attributes.get("aria-labelledby")
            self._rows = self.tables.setdefault(self.ids.get(label), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")
        if tag not in _VOID:
            self._open.append((tag, attributes))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag, self.getpos()

    def handle_data(self, data):
        tags = [tag for tag, _ in self._open]
        if "style" in tags:
            return
        self._texts.append(data)
        for _, attributes in self._open:
            if "id" in attributes:
                self.ids[attributes["id"]] += data
        if {"th", "td"} & set(tags):
            self._rows[-1][-1] += data
