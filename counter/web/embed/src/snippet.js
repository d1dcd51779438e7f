// @ts-check
/** The page at /: it shows what is chosen, as it will look, and the snippet for it. */
const form = document.querySelector("form")
const preview = document.querySelector("#preview")
const code = document.querySelector("#snippet")
const base = new URL(".", location.href).href
const quoted = (/** @type {string} */ text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;")
let shown = ""

function chosen() {
  const data = new FormData(form)
  const attributes = /** @type {Record<string, any>} */ ({ lang: data.get("lang") })
  const figures = data.getAll("figures").join(" ")
  if (figures != "online today total") attributes.figures = figures
  if (data.get("theme") != "auto") attributes.theme = data.get("theme")
  if (data.get("layout") != "box") attributes.layout = data.get("layout")
  if (data.get("live")) attributes.live = ""
  return { site: String(data.get("site") || "").trim(), attributes }
}

function update() {
  const { site, attributes } = chosen()
  const written = Object.entries(attributes).map(([name, value]) => value === "" ? " " + name : ` ${name}="${quoted(value)}"`)
  code.textContent =
    `<script async src="${base}embed/v1.js" data-site="${quoted(site || "KEY")}"></` + `script>\n` +
    `<visitor-counter${written.join("")}></visitor-counter>`
  if (!form.checkValidity()) return
  const element = document.createElement("visitor-counter")
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  preview.replaceChildren(element)
  if (site == shown) return
  shown = site
  const script = document.createElement("script")
  script.src = base + "embed/v1.js"
  script.dataset.site = site
  script.dataset.count = "off"
  document.head.append(script)
}

form.addEventListener("input", update)
form.addEventListener("submit", (event) => event.preventDefault())
document.querySelector("#copy").addEventListener("click", async () => {
  const done = document.querySelector("#copied")
  try {
    await navigator.clipboard.writeText(code.textContent)
    done.value = "Copied."
  } catch {
    getSelection().selectAllChildren(code)
    done.value = "Press Ctrl-C: it is selected."
  }
})
update()
