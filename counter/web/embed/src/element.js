// @ts-check
/**
 * <visitor-counter>: the figures in the foot of a page. Attributes: `figures` (which, and in what
 * order), `layout` (box, line, odometer), `theme` (auto, light, dark, bare), `lang`, `label-…`;
 * a child with `slot="label-…"` stands for a label too.
 */
const here = new URL(".", import.meta.url)
const languages = {}

const style = new CSSStyleSheet()
// A constructed sheet: a page's Content-Security-Policy may forbid inline style. With the theme
// `auto` the colours follow the page's `color-scheme`.
style.replaceSync(`
:host{--_c:var(--visitor-counter-color,light-dark(#1f2a37,#e6eaf0));--_b:var(--visitor-counter-background,light-dark(#fff,#17202b));
--_l:var(--visitor-counter-line,light-dark(#d5dbe3,#334155));--_a:var(--visitor-counter-accent,light-dark(#a61c1c,#ffb4a8));
display:inline-block;font:var(--visitor-counter-font,.9375em/1.5 system-ui,sans-serif);color:var(--_c);max-width:100%}
:host([hidden]){display:none}
:host([theme=light]){color-scheme:light}:host([theme=dark]){color-scheme:dark}
:host([theme=bare]){color:inherit;font:inherit;--_b:none;--_a:inherit}
dl{margin:0;background:var(--_b);border:1px solid var(--_l);border-radius:.5em;padding:.5em .875em;box-sizing:border-box}
div{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 1.5em;padding:.125em 0}
dt::after{content:":"}dd{margin-inline-start:auto;font-weight:650;font-variant-numeric:tabular-nums;min-inline-size:4ch;text-align:end;color:var(--_a)}
:host([layout=line]) dl{display:flex;flex-wrap:wrap;gap:0 1.25em}:host([layout=line]) div{gap:.375em}
:host([layout=line]) dd{min-inline-size:2ch;text-align:start}
b{display:inline-flex;gap:2px;direction:ltr;font:inherit}
i{font-style:normal;background:var(--_c);color:var(--_b);border-radius:.2em;min-inline-size:1.1em;text-align:center}
:host([theme=bare]) i{background:none;color:inherit;border:1px solid}
:host([theme=bare]) dl{padding:0;border:0}
@media(forced-colors:active){i{border:1px solid}}`)

class VisitorCounter extends HTMLElement {
  static observedAttributes = ["lang", "figures", "layout"]

  constructor() {
    super()
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [style]
    this.update = () => this.fill()
  }

  connectedCallback() {
    addEventListener("visitor-counter", this.update)
    this.render()
  }

  disconnectedCallback() {
    removeEventListener("visitor-counter", this.update)
  }

  attributeChangedCallback() {
    if (this.isConnected) this.render()
  }

  /** Draw the rows at once, so that they have their place, and label them when the labels are there. */
  async render() {
    const lang = this.closest("[lang]")?.lang || navigator.language
    const list = document.createElement("dl")
    const add = (parent, name, part) => {
      const child = parent.appendChild(document.createElement(name))
      child.part = part
      return child
    }
    list.part = "list"
    // No live region: figures that tick are not to be read out each time.
    // Nothing of it moves before the reader's eyes: it shows once labels and figures are there, or
    // after a second without.
    list.style.visibility = "hidden"
    const rows = (this.getAttribute("figures") || "online today total").split(/[\s,]+/).map((name) => {
      const row = add(list, "div", "row " + name)
      const label = add(add(row, "dt", "label"), "slot", "")
      label.name = "label-" + name
      add(row, "dd", "figure").dataset.figure = name
      return { name, label }
    })
    this.shadowRoot.replaceChildren(list)
    this.fill()
    setTimeout(() => (list.style.visibility = ""), 1000)
    languages[lang] ??= fetch(new URL("v1-lang.json?lang=" + encodeURIComponent(lang), here))
      .then((answer) => answer.json())
      .catch(() => {})
    const labels = (await languages[lang]) ?? {}
    list.dir = labels.direction ?? ""
    for (const { name, label } of rows) label.textContent = this.getAttribute(label.name) ?? labels[name] ?? name
    list.lang = labels.numbers || lang
    this.fill()
  }

  fill() {
    const { figures, put } = window.visitorCounter
    const list = /** @type {HTMLElement} */ (this.shadowRoot.firstChild)
    if (figures && list.lang) list.style.visibility = ""
    for (const element of list.querySelectorAll("dd")) {
      // Not before it is known how its language writes numbers.
      put(element, list.lang ? figures?.[element.dataset.figure] : null)
      if (this.getAttribute("layout") != "odometer") continue
      const image = document.createElement("b")
      image.role = "img"
      image.ariaLabel = element.textContent
      image.append(...[...element.textContent].map((sign) => {
        const wheel = document.createElement(/\d/.test(sign) ? "i" : "span")
        wheel.textContent = sign
        return wheel
      }))
      element.replaceChildren(image)
    }
  }
}

customElements.get("visitor-counter") || customElements.define("visitor-counter", VisitorCounter)
