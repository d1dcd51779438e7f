"""The page at `/`: choose what to show, see it, copy the snippet."""

from __future__ import annotations

from html import escape

from counter.web.embed.languages import languages

_NAMES = {
    "vi": "Tiếng Việt",
    "en": "English",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
    "ja": "日本語",
    "ko": "한국어",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
    "pt": "Português",
    "ru": "Русский",
    "ar": "العربية",
    "hi": "हिन्दी",
    "id": "Bahasa Indonesia",
    "th": "ไทย",
}
_FIGURES = ("online", "today", "yesterday", "week", "month", "total")


def snippet_page() -> str:
    """Return the page in HTML. It names no site: whoever embeds one knows its key."""
    english = languages()["en"]
    tags = "".join(f'<option value="{tag}">{escape(_NAMES[tag])}</option>' for tag in _NAMES)
    boxes = "".join(
        f'<label><input type="checkbox" name="figures" value="{name}"'
        f"{' checked' if name in ('online', 'today', 'total') else ''}> {english[name]}</label>"
        for name in _FIGURES
    )
    return _PAGE.replace("{tags}", tags).replace("{boxes}", boxes)


def _options(*values: str) -> str:
    return "".join(f"<option>{value}</option>" for value in values)


_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Visitor counter</title>
<link rel="stylesheet" href="embed/v1-snippet.css">
<script defer src="embed/v1-snippet.js"></script>
<main>
<h1>Visitor counter</h1>
<p>Counts the visitors of a site and shows the figures on its pages. It sets no cookie and keeps
no address.</p>
<form>
<label>Site <input name="site" required pattern="[a-z0-9][a-z0-9\\-]{{0,62}}"
 placeholder="the site's key" autocapitalize="off" spellcheck="false"></label>
<fieldset><legend>Figures</legend>{{boxes}}</fieldset>
<label>Language <select name="lang">{{tags}}</select></label>
<label>Theme <select name="theme">{_options("auto", "light", "dark", "bare")}</select></label>
<label>Layout <select name="layout">{_options("box", "line", "odometer")}</select></label>
<label><input type="checkbox" name="live"> Follow the figures live</label>
</form>
<h2>Preview</h2>
<div id="preview"><p>Name the site, and its figures show here. Looking at them counts nothing.</p>
</div>
<h2>Snippet</h2>
<pre><code id="snippet" tabindex="0"></code></pre>
<button type="button" id="copy">Copy</button> <output id="copied"></output>
<p>On an article, <code>&lt;span data-counter="views"&gt;&lt;/span&gt;</code> shows its views; in a
list, <code>data-path="/its-path"</code> beside it names the article.</p>
<p>Not to count this browser on the site, open a page of it with
<code>#visitor-counter-skip</code> behind its address; the same again counts it.</p>
<noscript><p>The snippet:
<code>&lt;script async src="…/embed/v1.js" data-site="KEY"&gt;&lt;/script&gt;
&lt;visitor-counter lang="en"&gt;&lt;/visitor-counter&gt;</code></p></noscript>
</main>
</html>
"""
