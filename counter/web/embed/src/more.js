// @ts-check
/**
 * Decides which modules a page wants, fills lists of articles (one request for each hundred), and
 * reads the week and the month, where they are shown.
 */
const { ask, put } = window.visitorCounter
const script = document.querySelector("script[data-site]")
const here = import.meta.url.replace(/more\.js$/, "")
const load = (/** @type {string} */ name) => import(here + name + ".js").catch(() => {})

// The owner's own browser: #visitor-counter-skip switches its counting off, and on again.
const mark = "visitor-counter-skip"
if (location.hash == "#" + mark) {
  try {
    const off = !localStorage[mark]
    off ? (localStorage[mark] = 1) : localStorage.removeItem(mark)
    window.visitorCounter.skip = off
    // Or a reload would switch it back.
    history.replaceState(history.state, "", location.pathname + location.search)
    alert(off ? "This browser is not counted any more." : "This browser is counted again.")
  } catch {}
}

/** Fill every element that names an article of its own; those `among` are enough, if given. */
export async function fillLists(among = "") {
  const elements = [...document.querySelectorAll("[data-counter][data-path]" + among)]
  for (const element of elements) put(element)
  const paths = [...new Set(elements.map((element) => element.dataset.path))]
  while (paths.length) {
    const asked = paths.splice(0, 100)
    const figures = await ask("figures?path=" + asked.map(encodeURIComponent).join("&path="))
    for (const element of elements)
      if (asked.includes(element.dataset.path)) put(element, figures?.articles?.[element.dataset.path])
  }
}

/** Read what a view is not answered with, where the element is to show it. */
async function readOn() {
  const { path, figures } = window.visitorCounter
  if (!figures || figures.week != null || !document.querySelector("[figures*=week],[figures*=month]")) return
  const read = await ask("figures?path=" + encodeURIComponent(path))
  // By then a newer answer may have come.
  if (read?.week != null && figures == window.visitorCounter.figures) window.visitorCounter.show({ ...read, ...figures })
}

fillLists()
addEventListener("visitor-counter", readOn)
readOn()
// A single-page site may show one later on.
if (script.dataset.spa || document.querySelector("visitor-counter")) load("element")
if (document.querySelector("visitor-counter[live]")) load("live")
if (script.dataset.spa) load("spa")
