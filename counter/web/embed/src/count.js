// @ts-check
/**
 * Stands in for GoatCounter's count.js, at its address on this service: it counts the page, and has the
 * functions that pages call. Events are no views: they are left out.
 *
 * @typedef {{path?: any, event?: boolean, append?: string, type?: string}} Given
 */
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript)
  const own = /** @type {any} */ (window.goatcounter = window.goatcounter || {})
  const endpoint = script.dataset.goatcounter || own.endpoint || script.src.replace(/\.js(\?.*)?$/, "")
  try {
    Object.assign(own, JSON.parse(script.dataset.goatcounterSettings || "{}"))
  } catch {} // as if there were none

  const pagePath = () => {
    const link = document.querySelector("link[rel=canonical][href]")
    const page = link ? new URL(link.href) : location
    const bare = (/** @type {string} */ host) => host.replace(/^www\./, "")
    return bare(page.hostname) == bare(location.hostname) ? page.pathname + page.search : location.pathname + location.search
  }

  const path = (/** @type {Given} */ given) => {
    const asked = given.path ?? own.path
    return typeof asked == "function" ? asked(pagePath()) : asked ?? pagePath()
  }

  own.filter = () =>
    document.visibilityState == "hidden" ? "visibilityState"
      : !own.allow_frame && location != parent.location ? "frame"
        : !own.allow_local && /(localhost$|^127\.|^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.)/.test(location.hostname) ? "localhost"
          : localStorage.skipgc == "t" && "disabled with #toggle-goatcounter"

  own.url = (/** @type {Given} */ given = {}) => {
    const asked = path(given)
    return asked == null ? undefined : endpoint + "?p=" + encodeURIComponent(asked)
  }

  own.count = (/** @type {Given} */ given = {}) => {
    try {
      const url = given.event || own.filter() ? undefined : own.url(given)
      if (url) fetch(url, { method: "POST", mode: "no-cors", keepalive: true }).catch(() => {})
    } catch {} // storage may be forbidden, a path no address
  }

  own.visit_count = (/** @type {Given} */ given = {}) => {
    const type = given.type == "svg" || given.type == "png" ? "svg" : "html"
    const shown = document.createElement(type == "svg" ? "img" : "iframe")
    shown.src = `${endpoint.replace(/count$/, "counter/")}${encodeURIComponent(path(given))}.${type}`
    shown.style.border = "0"
    document.querySelector(given.append || "body")?.append(shown)
  }

  own.get_query = (/** @type {string} */ name) => new URLSearchParams(location.search).get(name) ?? undefined
  own.bind_events = () => {}

  if (location.hash == "#toggle-goatcounter")
    try {
      const off = localStorage.skipgc != "t"
      off ? (localStorage.skipgc = "t") : localStorage.removeItem("skipgc")
      alert(off ? "This browser is not counted any more." : "This browser is counted again.")
    } catch {}
  if (own.no_onload) return
  const event = document.prerendering ? "prerenderingchange" : document.visibilityState == "hidden" && "visibilitychange"
  event ? document.addEventListener(event, () => own.count(), { once: true }) : own.count()
})()
