// @ts-check
/**
 * <visitor-counter>: the figures in the foot of a page. Attributes: `figures` (which, and in what
 * order), `layout` (box, line, odometer), `theme` (auto, light, dark, bare), `lang`, `label-…`.
 */
const here = new URL(".", import.meta.url)
const languages = {}

const style = new CSSStyleSheet()
// A constructed sheet: a page's Content-Security-Policy may forbid inline style.
style.replaceSync(`
:host{--_i:var(--visitor-counter-color,#1f2a37);--_b:var(--visitor-counter-background,#fff);
--_l:var(--visitor-counter-line,#d5dbe3);--_a:var(--visitor-counter-accent,#a61c1c);
display:inline-block;font:var(--visitor-counter-font,.9375em/1.5 system-ui,sans-serif);color:var(--_i);max-width:100%}
:host([hidden]){display:none}
:host([theme=dark]){--_i:var(--visitor-counter-color,#e6eaf0);--_b:var(--visitor-counter-background,#17202b);--_l:var(--visitor-counter-line,#334155);--_a:var(--visitor-counter-accent,#ffb4a8)}
@media(prefers-color-scheme:dark){:host([theme=auto]){--_i:var(--visitor-counter-color,#e6eaf0);--_b:var(--visitor-counter-background,#17202b);--_l:var(--visitor-counter-line,#334155);--_a:var(--visitor-counter-accent,#ffb4a8)}}
:host([theme=bare]){color:inherit;font:inherit;--_b:transparent;--_l:transparent;--_a:inherit}
dl{margin:0;background:var(--_b);border:1px solid var(--_l);border-radius:.5em;padding:.5em .875em;box-sizing:border-box;max-width:100%}
div{display:flex;justify-content:space-between;gap:1.5em;padding:.125em 0}
dt::after{content:":"}dd{margin:0;font-weight:650;font-variant-numeric:tabular-nums;min-inline-size:4ch;text-align:end;color:var(--_a)}
:host([layout=line]) dl{display:flex;flex-wrap:wrap;gap:.125em 1.25em}:host([layout=line]) div{gap:.375em}
:host([layout=line]) dd{min-inline-size:2ch;text-align:start}
:host([layout=odometer]) dd{display:flex;gap:2px;direction:ltr}
i{font-style:normal;background:var(--_i);color:var(--_b);border-radius:.2em;min-inline-size:1.1em;text-align:center;line-height:1.4}
:host([theme=bare]) i{background:none;color:inherit;outline:1px solid}
:host([theme=bare]) dl{padding:0}
@media(forced-colors:active){dl{border-color:CanvasText}i{outline:1px solid}}`)

class VisitorCounter extends HTMLElement {
  static observedAttributes = ["lang", "figures", "layout"]

  constructor() {
    super()
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [style]
    this.update = () => this.fill()
  }

  connectedCallback() {
    if (!this.hasAttribute("theme")) this.setAttribute("theme", "auto")
    addEventListener("visitor-counter", this.update)
    this.render()
  }

  disconnectedCallback() {
    removeEventListener("visitor-counter", this.update)
  }

  attributeChangedCallback() {
    if (this.isConnected) this.render()
  }

  async render() {
    const lang = this.closest("[lang]")?.lang || navigator.language
    const names = (this.getAttribute("figures") || "online today total").split(/[\s,]+/)
    languages[lang] ??= fetch(new URL(`v1-lang.json?lang=${encodeURIComponent(lang)}`, here))
      .then((answer) => answer.json())
      .catch(() => ({}))
    const labels = await languages[lang]
    const list = document.createElement("dl")
    list.part = "list"
    // Figures that tick are not to be read out each time.
    list.setAttribute("aria-live", "off")
    if (labels.direction) list.dir = labels.direction
    for (const name of names) {
      const row = list.appendChild(document.createElement("div"))
      row.part = "row " + name
      const label = row.appendChild(document.createElement("dt"))
      label.part = "label"
      label.textContent = this.getAttribute("label-" + name) ?? labels[name] ?? name
      const figure = row.appendChild(document.createElement("dd"))
      figure.part = "figure"
      figure.dataset.figure = name
      figure.lang = labels.numbers || lang
    }
    this.shadowRoot.replaceChildren(list)
    this.fill()
  }

  fill() {
    const { figures = {}, put } = window.visitorCounter
    for (const element of this.shadowRoot.querySelectorAll("dd")) {
      put(element, figures[element.dataset.figure])
      if (this.getAttribute("layout") != "odometer") continue
      const text = element.textContent
      element.ariaLabel = text
      element.role = "img"
      element.replaceChildren(...[...text].map((digit) => {
        const wheel = document.createElement(/\d/.test(digit) ? "i" : "span")
        wheel.textContent = digit
        return wheel
      }))
    }
  }
}

customElements.get("visitor-counter") || customElements.define("visitor-counter", VisitorCounter)
