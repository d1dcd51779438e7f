// @ts-check
/**
 * The script that every page loads: it counts the page and fills in the figures, in one request.
 * What only some pages want (the <visitor-counter> element, lists of articles, live figures,
 * single-page navigation, the owner's switch) is a module that is loaded when they do: more.js.
 * Nothing here may ever throw into the page. Each byte is loaded by every page: a test counts them
 * (and `let` is shorter than `const`).
 *
 * @typedef {Record<string, any>} Figures what /views or /figures answered; undefined when it did not
 */
(() => {
  let doc = document
  let script = /** @type {HTMLScriptElement} */ (doc.currentScript)
  let data = script.dataset
  // The service is where this script came from, whatever path it is served under.
  let base = new URL("..", script.src)

  let api = (window.visitorCounter = {
    /** True where nothing is counted: the figures are shown all the same. */
    skip: data.count == "off" || (data.local == null && /^(127\.|\[|$)|localhost$/.test(location.hostname)),

    /** A plain request: no preflight, and it outlives the page. Figures are read, all else is sent. */
    ask: (/** @type {string} */ what) =>
      fetch(`${base}v1/${data.site}/${what}`, { method: what < "g" ? "GET" : "POST", keepalive: true })
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
      api.ask(`${api.skip ? "figures" : "views"}?path=` + encodeURIComponent((api.path = path)))
        // By then the reader may have gone on to another page of a single-page site.
        .then((figures) => path == api.path && api.show(figures)),

    show(/** @type {Figures} */ figures) {
      api.figures = figures
      doc.querySelectorAll("[data-counter]").forEach(
        (element) => element.dataset.path || api.put(element, figures?.[element.dataset.counter]),
      )
      dispatchEvent(new Event("visitor-counter"))
    },
  })

  let start = () => {
    let page = /** @type {URL | Location} */ (location)
    try {
      page = new URL(doc.querySelector("[rel=canonical]").href)
    } catch {} // there is none, or it is no address
    try {
      api.skip ||= localStorage["visitor-counter-skip"]
    } catch {} // storage may be forbidden
    api.show() // an en dash, for as long as the answer takes
    // A single-page site's pages are the module's, from the first.
    data.spa || api.view(page.pathname + (data.query == null ? "" : page.search))
    if (data.spa || /-skip$/.test(location.hash) || doc.querySelector("[data-path],visitor-counter"))
      import(base + "embed/v1-more.js").catch(() => {})
    // A reader who stays is online for as long as the page can be seen.
    setInterval(() => api.skip || doc.hidden || api.ask("presence"), 1e5)
  }
  // A page that is fetched ahead counts when it is shown, if ever. The states of a page are loading,
  // interactive, complete: only the first comes after "j".
  let event = doc.prerendering ? "prerenderingchange" : doc.readyState > "j" && "DOMContentLoaded"
  event ? doc.addEventListener(event, start) : start()
})()
