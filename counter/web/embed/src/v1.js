// @ts-check
/**
 * The script that every page loads: it counts the page and fills in the figures, in one request.
 * What only some pages want (the <visitor-counter> element, lists of articles, live figures,
 * single-page navigation, the owner's switch) is a module that is loaded when they do: more.js.
 * Nothing here may ever throw into the page.
 *
 * @typedef {Record<string, any>} Figures what /views or /figures answered; undefined when it did not
 */
(() => {
  const doc = document
  const script = /** @type {HTMLScriptElement} */ (doc.currentScript)
  const { site, count, local, query, spa } = script.dataset
  // The service is where this script came from, whatever path it is served under.
  const base = script.src.split("embed/")[0]

  const api = (window.visitorCounter = {
    /** True where nothing is counted: the figures are shown all the same. */
    skip: count == "off" || (local == null && /^(localhost|127|\[|$)/.test(location.host)),

    /** A plain request: no preflight, and it outlives the page. Figures are read, all else is sent. */
    ask: (/** @type {string} */ what) =>
      fetch(base + `v1/${site}/` + what, { method: what[0] == "f" ? "GET" : "POST", keepalive: true })
        .then((answer) => answer.json())
        .catch(() => {}),

    /** Show a figure in an element, grouped as its language does; an en dash where there is none. */
    put(/** @type {Element} */ element, /** @type {any} */ figure) {
      try {
        figure = figure.toLocaleString(element.closest("[lang]")?.lang)
      } catch {} // a language tag that is none, or no figure
      element.textContent = figure ?? "–"
    },

    /** Count a view of `path`, or only read where counting is off, and show the figures. */
    view: (/** @type {string} */ path) =>
      api.ask((api.skip ? "figures" : "views") + "?path=" + encodeURIComponent(path)).then(api.show),

    show(/** @type {Figures} */ figures) {
      api.figures = figures
      for (const element of doc.querySelectorAll("[data-counter]"))
        element.dataset.path || api.put(element, figures?.[element.dataset.counter])
      dispatchEvent(new Event("visitor-counter"))
    },
  })

  const start = () => {
    try {
      api.skip ||= localStorage["visitor-counter-skip"]
    } catch {} // storage may be forbidden
    const page = new URL(doc.querySelector("[rel=canonical]")?.href || location)
    api.view(page.pathname + (query ? page.search : ""))
    if (spa || /-skip$/.test(location.hash) || doc.querySelector("visitor-counter,[data-path]"))
      import(base + "embed/v1-more.js").catch(() => {})
    // A reader who stays is online for as long as the page can be seen.
    setInterval(() => api.skip || doc.hidden || api.ask("presence"), 1e5)
  }
  // A page that is fetched ahead counts when it is shown, if ever.
  const event = doc.prerendering ? "prerenderingchange" : doc.readyState == "loading" && "DOMContentLoaded"
  event ? doc.addEventListener(event, start) : start()
})()
